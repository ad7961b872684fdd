// A text with its annotations: underlines that stack where spans nest, what the current one refers to, and arcs.
// Offsets are code points outside this file, and UTF-16 code units towards the browser.

import { Origin, createTextAnnotator } from '@recogito/text-annotator';
import { h, words } from './dom.js';

const COLOURS = ['#8c6d00', '#1f5fbf', '#2e7d32', '#00796b', '#b3261e', '#6a1b9a', '#5d4037', '#ad1457', '#37474f', '#0277bd'];
const SVG = 'http://www.w3.org/2000/svg';

export const colourOf = (layers, name) => COLOURS[Math.max(0, layers.findIndex((one) => one.name === name)) % COLOURS.length];

export class TextPane {
  // host: an element that is empty; pick(id) and hover(id or null) are told what the pointer does.
  // What nobody has signed off is dotted, unless the text is shown plain.
  constructor(host, layers, { pick, hover, plain = false }) {
    Object.assign(this, { host, layers, pick, hover, plain, annotations: [], shown: {}, key: '' });
    this.arcs = document.createElementNS(SVG, 'svg');
    this.arcs.setAttribute('class', 'arcs');
    this.arcs.setAttribute('aria-hidden', 'true');
    new ResizeObserver(() => this.draw()).observe(host);
  }

  load(text, annotations) {
    this.annotator?.destroy();
    this.annotator = null;
    this.annotations = annotations;
    this.byId = new Map(annotations.map((a) => [a.id, a]));
    this.key = '';
    if (text !== this.text) {
      this.text = text;
      this.units = [0];
      for (const character of text) this.units.push(this.units.at(-1) + character.length);
    }
    this.element = h('div', { class: 'text', dir: 'auto' });
    this.element.textContent = text;
    this.node = this.element.firstChild;
    this.host.replaceChildren(this.element, this.arcs);
    if (!this.node) return;
    this.annotator = createTextAnnotator(this.element, { annotatingEnabled: false, style: (a) => this.style(a.id) });
    this.annotator.on('mouseEnterAnnotation', (a) => this.hover(this.real(a.id)));
    this.annotator.on('mouseLeaveAnnotation', () => this.hover(null));
    this.element.addEventListener('click', (event) => this.clicked(event));
  }

  // The words of stretches.
  quote(segments) {
    return segments.map(([start, end]) => this.text.slice(this.units[start], this.units[end])).join(' … ');
  }

  // The words of an annotation; of one that stands on none, those of what it refers to.
  words(a, most = 60) {
    if (a.segments.length) return words(this.quote(a.segments), most);
    const target = (id) => this.quote(this.byId.get(id)?.segments ?? []);
    const parts = [...a.arguments.map((g) => (g.target ? target(g.target) : this.quote(g.segments))), ...(a.members ?? []).map(target)];
    return words(parts.join(' | '), most);
  }

  // What is shown: drawn is a list of annotations, current one of them or another, related a map from ids to roles.
  show({ drawn, current = null, related = new Map(), arcs = [], scroll = false }) {
    if (!this.annotator) return;
    const marks = drawn.filter((a) => a.segments.length).map((a) => ({ ...a }));
    const besides = [current, ...[...related.keys()].map((id) => this.byId.get(id))];
    for (const a of besides) {
      if (a?.segments.length && !marks.some((mark) => mark.id === a.id)) marks.push({ ...a });
    }
    for (const mark of marks) if (mark.id === current?.id) mark.segments = current.segments; // as it is being changed
    for (const g of current?.arguments ?? []) if (g.segments.length) marks.push({ ...current, segments: g.segments, role: g.role });
    marks.forEach((mark, n) => { mark.mark = `${n} ${mark.id} ${mark.segments.join(' ')}`; });
    this.levels(marks);
    this.shown = { current, related, arcs, marks: new Map(marks.map((mark) => [mark.mark, mark])) };
    const key = marks.map((mark) => mark.mark).join('\n');
    if (key !== this.key) {
      this.key = key;
      const most = Math.max(1, ...marks.map((mark) => mark.level));
      this.element.style.lineHeight = `${28 + 5 * most}px`;
      // Into the store: setAnnotations of version 4.1.1 does not place what it replaces before the next resize.
      this.annotator.state.store.bulkAddAnnotations(marks.map((mark) => this.target(mark)), true, Origin.REMOTE);
    }
    this.annotator.setStyle((a) => this.style(a.id));
    this.draw();
    if (scroll && current) this.scroll(current);
  }

  // Spans that share words get levels of their own, the shortest the one next to the text.
  levels(marks) {
    const length = (mark) => mark.segments.reduce((sum, [start, end]) => sum + end - start, 0);
    const placed = [];
    for (const mark of [...marks].sort((a, b) => length(a) - length(b))) {
      const over = placed.filter((other) => mark.segments.some(([s, e]) => other.segments.some(([t, f]) => s < f && t < e)));
      mark.level = 1 + Math.max(0, ...over.map((other) => other.level));
      placed.push(mark);
    }
  }

  target(mark) {
    const id = `m ${mark.mark}`;
    const selector = mark.segments.map(([start, end]) => ({
      start: this.units[start],
      end: this.units[end],
      quote: this.quote([[start, end]]),
    }));
    return { id, bodies: [], target: { annotation: id, selector } };
  }

  real(id) {
    return this.shown.marks?.get(id.slice(2))?.id ?? null;
  }

  style(id) {
    const mark = this.shown.marks?.get(id.slice(2));
    if (!mark) return { fill: '#000000', fillOpacity: 0 };
    const { current, related } = this.shown;
    const mine = current && mark.id === current.id && !mark.role;
    const long = mark.segments.at(-1)[1] - mark.segments[0][0] > 150 || mark.level > 3;
    const fillOpacity = mine ? (long ? 0.14 : 0.38) : mark.role || related.has(mark.id) ? 0.2 : 0;
    return {
      fill: colourOf(this.layers, mark.layer),
      fillOpacity,
      underlineColor: colourOf(this.layers, mark.layer),
      underlineThickness: mine ? 3 : 2,
      underlineStyle: this.plain || mark.checked_by?.length ? 'solid' : 'dotted',
      underlineOffset: 1 + 5 * (mark.level - 1),
    };
  }

  // A click takes the shortest span there, and then those around it, one after the other.
  clicked(event) {
    if (!document.getSelection().isCollapsed) return;
    const box = this.element.getBoundingClientRect();
    const found = this.annotator.state.store.getAt(event.clientX - box.x, event.clientY - box.y, true) ?? [];
    const ids = [...new Set(found.map((a) => this.shown.marks.get(a.id.slice(2))).filter(Boolean))]
      .sort((a, b) => a.level - b.level)
      .map((mark) => mark.id);
    if (ids.length) this.pick(ids[(ids.indexOf(this.shown.current?.id) + 1) % ids.length]);
  }

  range([start, end]) {
    const range = document.createRange();
    range.setStart(this.node, this.units[start]);
    range.setEnd(this.node, this.units[end]);
    return range;
  }

  // The selected words as a stretch, without white space at its ends; null when nothing is selected here.
  selection() {
    const selected = document.getSelection();
    if (!selected.rangeCount || selected.isCollapsed || !this.node) return null;
    const range = selected.getRangeAt(0);
    if (!this.element.contains(range.commonAncestorContainer)) return null;
    const unit = (node, offset) => (node === this.node ? offset : offset ? this.text.length : 0);
    let [start, end] = [unit(range.startContainer, range.startOffset), unit(range.endContainer, range.endOffset)];
    while (start < end && /\s/.test(this.text[start])) start += 1;
    while (start < end && /\s/.test(this.text[end - 1])) end -= 1;
    return start < end ? [this.point(start), this.point(end)] : null;
  }

  // The code point that a code unit belongs to.
  point(unit) {
    let [low, high] = [0, this.units.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.units[middle] <= unit) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  scroll(a) {
    const first = a.segments[0] ?? this.byId.get(a.arguments.find((g) => g.target)?.target ?? a.members?.[0])?.segments[0] ?? a.arguments[0]?.segments[0];
    if (!first) return;
    const box = this.range(first).getBoundingClientRect();
    const frame = this.host.getBoundingClientRect();
    if (box.top < Math.max(0, frame.top) + 40 || box.bottom > Math.min(innerHeight, frame.bottom) - 60) {
      const middle = box.top - frame.top + this.host.scrollTop - this.host.clientHeight / 2;
      if (this.host.scrollHeight > this.host.clientHeight + 1) this.host.scrollTop = middle;
      else scrollTo({ top: scrollY + box.top - innerHeight / 3 });
    }
  }

  // Arcs from the words of an event, or of what else has arguments, to those of its arguments, with their roles.
  draw() {
    this.arcs.replaceChildren();
    if (!this.element) return;
    this.arcs.setAttribute('width', this.element.offsetWidth);
    this.arcs.setAttribute('height', this.element.offsetHeight);
    const frame = this.element.getBoundingClientRect();
    for (const a of this.shown.arcs ?? []) {
      const ends = a.arguments.map((g) => ({ role: g.role, at: g.target ? this.byId.get(g.target)?.segments[0] : g.segments[0] }));
      const from = a.segments[0] ?? ends.shift()?.at;
      if (!from) continue;
      for (const { role, at } of ends) if (at) this.arc(this.middle(from, frame), this.middle(at, frame), role, colourOf(this.layers, a.layer));
    }
  }

  middle(segment, frame) {
    const box = this.range(segment).getClientRects()[0] ?? frame;
    return [box.x - frame.x + box.width / 2, box.y - frame.y + 3];
  }

  arc([x, y], [u, v], role, colour) {
    const lift = Math.min(y, v) - Math.min(26, 9 + Math.abs(x - u) / 14);
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', `M${x} ${y} C${x} ${lift} ${u} ${lift} ${u} ${v}`);
    path.setAttribute('stroke', colour);
    const dot = document.createElementNS(SVG, 'circle');
    for (const [name, value] of [['cx', u], ['cy', v], ['r', 3], ['fill', colour]]) dot.setAttribute(name, value);
    const word = document.createElementNS(SVG, 'text');
    word.setAttribute('x', (x + u) / 2);
    word.setAttribute('y', (y + v + 6 * lift) / 8);
    word.setAttribute('fill', colour);
    word.textContent = role;
    this.arcs.append(path, dot, word);
  }
}

// What a current annotation makes stand out: its arguments by role, the members of its chains, and what it is part of.
export function relatedTo(a, annotations) {
  const related = new Map();
  if (!a) return related;
  const note = (id, role) => id !== a.id && related.set(id, role);
  for (const g of a.arguments) if (g.target) note(g.target, g.role);
  for (const id of a.members ?? []) note(id, 'member');
  for (const other of annotations) {
    if (other.members?.includes(a.id)) for (const id of other.members) note(id, 'same');
  }
  return related;
}
