// The page on which a person signs off gold, span by span. It keeps nothing: every action is on the server's disk
// before its answer comes, and the answer is what the page shows.

import { fill, h, reveal, words } from './dom.js';
import { fields } from './form.js';
import { TextPane, colourOf, relatedTo } from './text.js';

const given = new URLSearchParams(location.hash.slice(1));
if (given.has('token')) {
  sessionStorage.setItem('krisc token', given.get('token'));
  history.replaceState(null, '', location.pathname); // so that the token is not in the history or a bookmark
}
const token = sessionStorage.getItem('krisc token') ?? '';
const at = (id) => document.getElementById(id);

let corpus;
let doc; // the document as the server told it last
let pane;
let current = null; // id
let draft = null; // a change that is not saved
let busy = false;
let fresh = null; // a draft that is new: its id
const filter = { state: 'all', layer: '', label: '', text: '', documents: 'all' };

const layerOf = (name) => corpus.layers.find((one) => one.name === name);
const unit = () => corpus.layers.find((one) => (one.constraints.units ?? []).length)?.name;

async function ask(path, options = {}) {
  const headers = { 'X-Krisc-Token': token, ...(options.headers ?? {}) };
  let answer;
  try {
    answer = await fetch(path, { ...options, headers, cache: 'no-store' });
  } catch {
    throw Object.assign(new Error('the program does not answer; is krisc review still running? Nothing was written'), { status: 0 });
  }
  const value = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(value.message), { status: answer.status });
  return value;
}

function tell(message, kind = '') {
  at('status').textContent = message;
  at('status').className = kind;
}

// --- documents -------------------------------------------------------------------------------------------------------

const wanted = (one) => filter.documents === 'all' || (filter.documents === 'open' ? one.checked < one.all : one.conflicts > 0);
const documents = () => corpus.documents.filter((one) => wanted(one) || one.id === doc?.id);

function showDocuments() {
  const every = corpus.documents.reduce((sum, one) => [sum[0] + one.checked, sum[1] + one.all], [0, 0]);
  at('progress').textContent = `${corpus.name} · signed off: ${every[0]} of ${every[1]} annotations in ${corpus.documents.length} document(s)`;
  const choice = h('select', { id: 'which', title: 'Which documents' },
    [['all', 'all documents'], ['open', 'not finished'], ['conflicts', 'with conflicts']].map(([value, text]) => h('option', { value }, text)));
  choice.value = filter.documents;
  choice.addEventListener('change', () => { filter.documents = choice.value; showDocuments(); });
  fill(at('documents'), choice, h('ul', {}, documents().map((one) => h('li', {},
    h('button', { type: 'button', class: one.id === doc?.id ? 'current' : '', title: one.title, 'data-document': one.id, onclick: () => open(one.id) },
      h('span', { class: 'name' }, one.id),
      h('span', { class: 'count' }, `${one.checked}/${one.all}`),
      h('progress', { max: Math.max(1, one.all), value: one.checked, 'aria-label': `${one.checked} of ${one.all} signed off` }))))));
}

async function open(name, keep = null) {
  if (!leave()) return;
  try {
    take(await ask(`/api/documents/${encodeURIComponent(name)}`));
    current = keep && pane.byId.has(keep) ? keep : null;
    if (!current) current = visible().find((a) => !a.checked_by)?.id ?? visible()[0]?.id ?? null;
    tell(doc.problem, doc.problem && 'error');
  } catch (error) {
    tell(`${name}: ${error.message}`, 'error');
  }
  show(true);
}

function take(answer) {
  doc = answer;
  draft = fresh = null;
  corpus.documents = answer.progress;
  const position = new Map();
  const place = (a, seen = new Set()) => {
    if (!a || seen.has(a.id)) return [Infinity, 0];
    seen.add(a.id);
    const own = [...a.segments, ...a.arguments.flatMap((g) => g.segments)];
    const others = [...a.arguments.map((g) => g.target), ...(a.members ?? [])].filter(Boolean);
    const starts = a.segments.length ? own : [...own, ...others.map((id) => place(byId.get(id), seen))];
    return starts.length ? [Math.min(...starts.map((s) => s[0])), Math.max(...starts.map((s) => s[1]))] : [Infinity, 0];
  };
  const byId = new Map(doc.annotations.map((a) => [a.id, a]));
  for (const a of doc.annotations) position.set(a.id, place(a));
  const rank = new Map(corpus.layers.map((one, n) => [one.name, n]));
  doc.annotations.sort((a, b) => {
    const [s, t] = [position.get(a.id), position.get(b.id)];
    return s[0] - t[0] || t[1] - s[1] || rank.get(a.layer) - rank.get(b.layer) || (a.id < b.id ? -1 : 1);
  });
  pane.load(doc.text, doc.annotations);
  document.title = `${doc.id}: review`;
}

function leave() {
  if (!draft) return true;
  tell('a change is not saved: Enter saves it, Escape drops it', 'error');
  return false;
}

// --- the list of annotations -----------------------------------------------------------------------------------------

const STATES = { all: 'all', unchecked: 'not yet checked', conflicts: 'conflicts', comments: 'with comments' };
const commented = () => new Set(doc.history.filter((one) => one.stands && one.note).flatMap((one) => one.ids));

function visible() {
  if (!doc) return [];
  const notes = commented();
  const sought = filter.text.toLocaleLowerCase();
  return doc.annotations.filter((a) => {
    if (filter.state === 'unchecked' && a.checked_by) return false;
    if (filter.state === 'conflicts' && a.decided !== 'adjudicated') return false;
    if (filter.state === 'comments' && !notes.has(a.id)) return false;
    if (filter.layer && a.layer !== filter.layer) return false;
    if (filter.label && a.label !== filter.label) return false;
    return !sought || pane.words(a, 500).toLocaleLowerCase().includes(sought) || a.id === filter.text;
  });
}

function showFilters() {
  const options = (list) => list.map(([value, text]) => h('option', { value }, text));
  const choose = (id, list, value, title) => {
    const made = h('select', { id, title }, options(list));
    made.value = value;
    made.addEventListener('change', () => { setFilter({ [id.slice(7)]: made.value }); at(id)?.focus(); });
    return made;
  };
  const count = (test) => doc?.annotations.filter(test).length ?? 0;
  const notes = doc ? commented() : new Set();
  const numbers = { all: count(() => true), unchecked: count((a) => !a.checked_by), conflicts: count((a) => a.decided === 'adjudicated'), comments: count((a) => notes.has(a.id)) };
  const labels = filter.layer ? Object.keys(layerOf(filter.layer).labels) : [...new Set((doc?.annotations ?? []).map((a) => a.label))].sort();
  fill(at('filters'),
    choose('filter-state', Object.entries(STATES).map(([value, text]) => [value, `${text} (${numbers[value]})`]), filter.state, 'What is shown (1 2 3 4)'),
    choose('filter-layer', [['', 'all layers'], ...corpus.layers.map((one) => [one.name, one.title || one.name])], filter.layer, 'Layer'),
    choose('filter-label', [['', 'all labels'], ...labels.map((one) => [one, one])], filter.label, 'Label'),
    h('input', { id: 'filter-text', type: 'search', placeholder: 'words', value: filter.text, dir: 'auto', 'aria-label': 'Words', oninput: (event) => { filter.text = event.target.value; settle(); showList(); showText(); } }));
}

function setFilter(change) {
  if (!leave()) { showFilters(); return; }
  Object.assign(filter, change);
  if ('layer' in change) filter.label = '';
  settle();
  show(true);
}

function settle() {
  const list = visible();
  if (!list.some((a) => a.id === current)) current = list[0]?.id ?? null;
}

function showList() {
  const notes = doc ? commented() : new Set();
  const list = visible();
  fill(at('list'), list.map((a) => h('li', {
    role: 'option', id: `item-${a.id}`, 'data-id': a.id, 'aria-selected': String(a.id === current), class: a.checked_by ? 'checked' : '', onclick: () => choose(a.id),
  },
  h('span', { class: 'label', 'data-layer': a.layer }, a.label),
  h('bdi', { class: 'words' }, pane.words(a, 60)),
  h('span', { class: 'marks' }, a.decided === 'adjudicated' ? '⚑' : '', notes.has(a.id) ? '✎' : '', a.checked_by ? '✓' : ''))));
  if (doc && !list.length) fill(at('list'), h('li', { class: 'none' }, doc.annotations.length ? 'nothing fits these filters' : 'there is no annotation'));
  for (const mark of at('list').querySelectorAll('.label')) mark.style.borderColor = colourOf(corpus.layers, mark.dataset.layer);
  const item = current && document.getElementById(`item-${current}`);
  at('list').setAttribute('aria-activedescendant', item?.id ?? '');
  reveal(at('list'), item);
}

function choose(id) {
  if (id === current || !leave()) return;
  current = id;
  show(true);
}

function step(by, test = () => true) {
  if (!leave()) return;
  const list = visible();
  const here = list.findIndex((a) => a.id === current);
  for (let n = 1; n <= list.length; n += 1) {
    const a = list[(here + by * n + list.length * 2) % list.length];
    if (test(a)) { current = a.id; show(true); return; }
  }
  tell('there is none left here');
}

// --- the current annotation ------------------------------------------------------------------------------------------

const chosen = () => (draft ? { ...draft, id: draft.id } : pane?.byId?.get(current) ?? null);

function showText(scroll = false) {
  if (!doc) return;
  const a = chosen();
  const drawn = visible().filter((one) => one.layer !== unit() || filter.layer === unit());
  pane.show({ drawn: drawn.map((one) => (draft && one.id === draft.id ? { ...one, ...draft } : one)), current: a, related: relatedTo(a, doc.annotations), arcs: a ? [a] : [], scroll });
}

const copy = (a) => ({
  id: a.id, layer: a.layer, label: a.label, segments: structuredClone(a.segments), arguments: structuredClone(a.arguments),
  members: [...(a.members ?? [])], entity: a.entity ?? '', attributes: { ...(a.attributes ?? {}) }, checked_by: a.checked_by,
});

function edit() {
  if (doc?.problem) { tell(doc.problem, 'error'); return null; }
  if (!draft && pane.byId.has(current)) draft = copy(pane.byId.get(current));
  return draft;
}

function changed() {
  const original = pane.byId.get(draft?.id);
  const same = original && JSON.stringify(copy(original)) === JSON.stringify(draft);
  tell(same ? '' : 'changed, and not saved: Enter saves it, Escape drops it', same ? '' : 'draft');
  showText();
  showButtons();
}

function showDetail(focus = '') {
  const a = draft ?? pane?.byId?.get(current);
  if (!a) { fill(at('detail'), h('p', {}, doc ? 'Nothing is chosen.' : ''), noteRow(), buttons()); return; }
  const layer = layerOf(a.layer);
  const edited = draft ?? copy(a);
  const about = pane.byId.get(a.id);
  const start = () => { if (!draft) draft = edited; };
  const own = doc.history.filter((one) => one.ids.includes(a.id));
  fill(at('detail'),
    h('h2', {}, h('span', { class: 'label' }, a.label || 'new'), ' ', h('bdi', {}, pane.words(a, 80)), ' ', h('small', {}, `${layer.title || layer.name} · ${fresh === a.id ? 'new' : a.id}`)),
    fresh === a.id ? h('label', { class: 'row' }, h('span', {}, 'layer'), layerChoice()) : null,
    h('p', { class: 'definition' }, layer.labels[a.label]?.definition ?? ''),
    h('form', { id: 'form', onsubmit: (event) => event.preventDefault() },
      fields(edited, layer, { pane, corpus, changed: () => { start(); changed(); }, redo: (what) => { start(); draft = edited; showDetail(what); changed(); } })),
    about ? h('p', { class: 'history' }, `${about.decided}, by ${about.by.join(', ')}`, about.decision ? h('bdi', {}, ` · ${about.decision}`) : null,
      about.note ? h('bdi', {}, ` · note: ${about.note}`) : null, about.checked_by ? ` · signed off by ${about.checked_by.join(', ')}` : '') : null,
    own.length ? h('ul', { class: 'history' }, own.map((one) => h('li', { class: one.stands ? '' : 'undone' }, `${one.at} ${one.by}: ${one.action} `, h('bdi', {}, one.note)))) : null,
    noteRow(),
    buttons());
  at('detail').querySelector('h2 .label').style.borderColor = colourOf(corpus.layers, a.layer);
  if (focus === 'label') at('label')?.focus();
  if (focus === 'argument' || focus === 'last') [...at('form').querySelectorAll('.argument select, .member select, .more')].at(focus === 'last' ? -2 : -1)?.focus();
}

function layerChoice() {
  const made = h('select', { id: 'layer' }, corpus.layers.map((one) => h('option', { value: one.name }, one.title || one.name)));
  made.value = draft.layer;
  made.addEventListener('change', () => { draft = blank(made.value, draft.segments); showDetail(); at('layer').focus(); changed(); });
  return made;
}

function noteRow() {
  return h('label', { class: 'row' }, h('span', {}, 'words'), h('input', { id: 'note', dir: 'auto', placeholder: 'a comment, or why' }));
}

function buttons() {
  return h('div', { id: 'buttons' });
}

function showButtons() {
  const frozen = busy || !doc || Boolean(doc.problem);
  const button = (key, text, on, able) => h('button', { type: 'button', 'data-key': key, disabled: frozen || !able, onclick: on }, text, ' ', h('kbd', {}, key));
  const there = Boolean(doc && pane.byId.has(current));
  const mine = doc?.history.some((one) => one.stands && one.by === corpus.person && one.action !== 'undo');
  fill(at('buttons') ?? at('detail'),
    button('Enter', 'save', save, draft), button('Escape', 'drop', drop, draft),
    button('a', 'accept', accept, there && !draft), button('x', 'reject', reject, there && !draft), button('c', 'comment', comment, true),
    button('u', 'undo', undo, mine && !draft), button('+', 'add', add, !draft));
}

// --- actions ---------------------------------------------------------------------------------------------------------

async function act(action, then = () => {}) {
  if (busy || !doc) return;
  if (doc.problem) { tell(doc.problem, 'error'); return; }
  busy = true;
  showButtons();
  const note = at('note')?.value.trim();
  const list = visible().map((a) => a.id);
  try {
    const answer = await ask(`/api/documents/${encodeURIComponent(doc.id)}`, {
      method: 'POST', headers: { 'Content-Type': 'application/json', 'If-Match': doc.tag }, body: JSON.stringify({ ...action, ...(note ? { note } : {}) }),
    });
    take(answer);
    tell(`${action.action}: written`, 'done');
    then(list);
    if (!current || !pane.byId.has(current)) settle();
    busy = false;
    show(true);
  } catch (error) {
    busy = false;
    if (error.status === 409) {
      draft = fresh = null;
      await open(doc.id, current);
    }
    tell(error.status === 409 ? `${error.message}. Here is how it is now` : error.message, 'error');
    showButtons();
  }
}

function accept() {
  if (!leave() || !pane.byId.has(current)) return;
  act({ action: 'accept', layer: pane.byId.get(current).layer, id: current }, (list) => goOn(list, (a) => !a.checked_by));
}

// After an action: the next one of the list as it was.
function goOn(list, test) {
  const here = list.indexOf(current);
  const shown = new Set(visible().map((a) => a.id));
  const order = [...list.slice(here + 1), ...list.slice(0, here)];
  current = order.find((id) => shown.has(id) && test(pane.byId.get(id))) ?? (pane.byId.has(current) ? current : order.find((id) => shown.has(id)) ?? null);
}

function reject() {
  if (!leave() || !pane.byId.has(current)) return;
  act({ action: 'reject', layer: pane.byId.get(current).layer, id: current }, (list) => goOn(list, () => true));
}

function comment() {
  const note = at('note');
  if (!note) return;
  if (document.activeElement !== note) { note.focus(); return; }
  if (!note.value.trim()) { tell('write the comment first', 'error'); return; }
  if (!leave()) return;
  const a = pane.byId.get(current);
  act({ action: 'comment', ...(a ? { layer: a.layer, id: a.id } : {}) });
}

function undo() {
  if (leave()) act({ action: 'undo' });
}

function save() {
  if (!draft) return;
  const { label, segments, members, entity, attributes } = draft;
  const annotation = { label, anchor: segments, arguments: draft.arguments, members: members.filter(Boolean), entity, attributes };
  const isNew = fresh === draft.id;
  const known = new Set(pane.byId.keys());
  act({ action: isNew ? 'add' : 'change', layer: draft.layer, ...(isNew ? {} : { id: draft.id }), annotation }, () => {
    if (isNew) current = doc.annotations.find((a) => !known.has(a.id))?.id ?? null;
  });
}

function drop() {
  if (!draft) return;
  draft = fresh = null;
  tell('dropped; nothing was written');
  show();
}

const blank = (name, segments) => {
  const layer = layerOf(name);
  const anchored = layer.kind === 'span' || layer.kind === 'event';
  const required = Object.entries(layer.roles).filter(([, role]) => role.min).map(([role]) => ({ role, target: '', segments: [] }));
  return { id: 'new', layer: name, label: Object.keys(layer.labels)[0], segments: anchored ? segments : [], arguments: required, members: layer.kind === 'chain' ? [current ?? ''] : [], entity: '', attributes: {} };
};

// A new annotation on the selected words, or on the word after the current annotation, to be moved from there.
function add() {
  if (!leave() || !doc) return;
  if (doc.problem) { tell(doc.problem, 'error'); return; }
  const here = pane.byId.get(current);
  const [starts, ends] = doc.tokens;
  if (!starts.length) { tell('this text has no words', 'error'); return; }
  const after = starts.findIndex((start) => start >= (here?.segments.at(-1)?.[1] ?? 0));
  const word = after >= 0 ? [starts[after], ends[after]] : [starts[0], ends[0]];
  draft = blank(filter.layer || here?.layer || corpus.layers[0].name, [pane.selection() ?? word]);
  fresh = draft.id;
  showDetail();
  changed();
  (filter.layer ? at('label') : at('layer')).focus();
}

function move(end, by, character = false) {
  if (!edit()?.segments.length) return;
  const segments = draft.segments;
  const segment = end ? segments.at(-1) : segments[0];
  const points = character ? null : doc.tokens[end ? 1 : 0];
  const from = segment[end ? 1 : 0];
  const to = character ? from + by : by > 0 ? points.find((p) => p > from) : points.findLast((p) => p < from);
  const fits = to !== undefined && (end ? to > segment[0] && to < pane.units.length : to >= 0 && to < segment[1]);
  if (fits) segment[end ? 1 : 0] = to;
  showDetail();
  changed();
}

function takeSelection(more) {
  const stretch = pane?.selection();
  if (!stretch) { tell('select words in the text first', 'error'); return; }
  if (!edit()) return;
  if (!['span', 'event'].includes(layerOf(draft.layer).kind)) { drop(); tell('this stands on no words of its own', 'error'); return; }
  draft.segments = more ? [...draft.segments, stretch].sort((a, b) => a[0] - b[0]) : [stretch];
  showDetail();
  changed();
}

function nextDocument(by) {
  const list = documents();
  const here = list.findIndex((one) => one.id === doc?.id);
  if (list.length) open(list[(here + by + list.length) % list.length].id);
}

const focus = (find) => () => { const found = find(); if (found) found.focus(); else tell('there is no such field here'); };
const fieldOf = (selector) => () => at('form')?.querySelector(selector);

const KEYS = [
  [['j', 'ArrowDown'], 'next', () => step(1)],
  [['k', 'ArrowUp'], 'previous', () => step(-1)],
  [['n'], 'next not yet checked', () => step(1, (a) => !a.checked_by)],
  [['a'], 'accept', accept],
  [['x'], 'reject', reject],
  [['c'], 'comment', comment],
  [['u'], 'undo', undo],
  [['+'], 'add (on selected words)', add],
  [['l'], 'label', focus(() => at('label'))],
  [['e'], 'attributes', focus(fieldOf('[data-attribute]'))],
  [['g'], 'arguments, members', focus(fieldOf('.argument select, .member select, .more'))],
  [['['], 'start one word left', () => move(0, -1)],
  [[']'], 'start one word right', () => move(0, 1)],
  [['{'], 'end one word left', () => move(1, -1)],
  [['}'], 'end one word right', () => move(1, 1)],
  [['('], 'start one character left', () => move(0, -1, true)],
  [[')'], 'start one character right', () => move(0, 1, true)],
  [['<'], 'end one character left', () => move(1, -1, true)],
  [['>'], 'end one character right', () => move(1, 1, true)],
  [['b'], 'put it on the selected words', () => takeSelection(false)],
  [['B'], 'add the selected words to it', () => takeSelection(true)],
  [['Enter'], 'save', save],
  [['Escape'], 'drop; leave a field', drop],
  [['d'], 'next document', () => nextDocument(1)],
  [['D'], 'previous document', () => nextDocument(-1)],
  [['1'], 'all', () => setFilter({ state: 'all' })],
  [['2'], 'not yet checked', () => setFilter({ state: 'unchecked' })],
  [['3'], 'conflicts', () => setFilter({ state: 'conflicts' })],
  [['4'], 'with comments', () => setFilter({ state: 'comments' })],
  [['f'], 'filters', focus(() => at('filter-layer'))],
  [['/'], 'words', focus(() => at('filter-text'))],
];

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !corpus) return;
  const field = event.target.closest?.('input, select, textarea');
  if (field && event.key !== 'Escape' && event.key !== 'Enter') return;
  if (event.key === 'Enter' && event.target.closest?.('button, a')) return;
  if (event.key === 'Escape' && field) { event.preventDefault(); field.blur(); return; }
  if (event.key === 'Enter' && field?.id === 'note' && !draft) { event.preventDefault(); comment(); return; }
  const found = KEYS.find(([keys]) => keys.includes(event.key));
  if (!found) return;
  event.preventDefault();
  found[2]();
});

addEventListener('beforeunload', (event) => { if (draft) event.preventDefault(); });

function show(scroll = false) {
  showDocuments();
  showFilters();
  showDetail();
  showButtons();
  showList();
  showText(scroll);
}

async function begin() {
  fill(at('keys'), KEYS.map(([keys, text]) => h('span', {}, h('kbd', {}, keys[0]), ` ${text}`)));
  try {
    corpus = await ask('/api/corpus');
  } catch (error) {
    tell(error.message, 'error');
    return;
  }
  at('title').textContent = words(corpus.title, 80);
  pane = new TextPane(at('text'), corpus.layers, { pick: choose, hover: (id) => { at('text').title = id ? `${pane.byId.get(id)?.label} ${id}` : ''; } });
  const first = documents().find((one) => one.checked < one.all) ?? documents()[0];
  if (first) await open(first.id);
  else { tell('this corpus has no documents'); show(); }
}

begin();
