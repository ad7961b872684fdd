// The static pages of a release or a corpus: figures, each with a link to the annotations behind it; a search; and
// every document with its layers. Data come as scripts, because a page opened from a file may not read other files.

import { fill, h, reveal, words } from './dom.js';
import { TextPane, colourOf, relatedTo } from './text.js';

const at = (id) => document.getElementById(id);
const given = new Map(); // values of scripts by name
const waiting = new Map();
window.krisc = (name, value) => { given.set(name, value); waiting.get(name)?.(value); };

function load(name) {
  if (given.has(name)) return Promise.resolve(given.get(name));
  return new Promise((resolve, fail) => {
    waiting.set(name, resolve);
    document.head.append(h('script', { src: name, onerror: () => fail(new Error(`${name} is missing`)) }));
  });
}

let corpus;
let rows; // of every annotation: document, layer, label, id, words, decided, signed off, entity
let pane;
let doc;
let current = null;
let hovered = null;
const off = new Set(); // layers that are switched off
let allArcs = false;

const FIELDS = ['layer', 'label', 'split', 'origin', 'year', 'decided', 'checked', 'entity', 'document', 'words'];
const address = (page, parameters) => `#${new URLSearchParams({ page, ...parameters })}`;
const count = (number) => number.toLocaleString('en');

const columns = {
  layer: (row) => row[1], label: (row) => row[2], words: (row) => row[4], decided: (row) => row[5], checked: (row) => (row[6] ? 'yes' : 'no'), entity: (row) => row[7],
  ...Object.fromEntries(['split', 'origin', 'year'].map((name) => [name, (row) => corpus.documents[row[0]][name]])),
  document: (row) => corpus.documents[row[0]].id,
};

function found(query) {
  const tests = FIELDS.filter((name) => query[name]).map((name) => (name === 'words'
    ? (row) => row[4].toLocaleLowerCase().includes(query.words.toLocaleLowerCase())
    : (row) => columns[name](row) === query[name]));
  return rows.filter((row) => tests.every((test) => test(row)));
}

// --- figures ---------------------------------------------------------------------------------------------------------

const figure = (query) => {
  const number = found(query).length;
  return h('td', {}, number ? h('a', { href: address('find', query) }, count(number)) : '0');
};
const table = (heads, lines) => h('table', {}, h('thead', {}, h('tr', {}, heads.map((one) => h('th', {}, one)))), h('tbody', {}, lines.map((line) => h('tr', {}, line))));
const name = (text) => h('td', { class: 'name' }, text);
const values = (key) => [...new Set(corpus.documents.map((one) => one[key]))];

function figures() {
  const splits = values('split');
  const origins = values('origin');
  const years = values('year').filter(Boolean).sort();
  const ways = ['single', 'agreed', 'adjudicated'];
  const busy = [...rows.reduce((sum, row) => (row[7] ? sum.set(row[7], (sum.get(row[7]) ?? 0) + 1) : sum), new Map())].sort((a, b) => b[1] - a[1]).slice(0, 20);
  fill(at('text'),
    h('h2', {}, 'Figures'),
    h('p', {}, `${count(corpus.documents.length)} document(s), `, h('a', { href: address('find', {}) }, `${count(rows.length)} annotations`), '. Every number leads to the annotations behind it.'),
    table(['layer', 'documents', 'annotations', ...ways, 'signed off by a person'], corpus.layers.map((layer) => [
      name(layer.name), h('td', {}, count(corpus.documents.filter((one) => one.layers.includes(layer.name)).length)), figure({ layer: layer.name }),
      ...ways.map((decided) => figure({ layer: layer.name, decided })), figure({ layer: layer.name, checked: 'yes' })])),
    table(['layer', 'label', 'all', ...splits, ...origins], corpus.layers.flatMap((layer) => Object.keys(layer.labels).map((label) => [
      name(layer.name), name(label), figure({ layer: layer.name, label }), ...splits.map((split) => figure({ layer: layer.name, label, split })),
      ...origins.map((origin) => figure({ layer: layer.name, label, origin }))]))),
    years.length ? table(['year', 'documents', 'annotations'], years.map((year) => [name(year), h('td', {}, count(corpus.documents.filter((one) => one.year === year).length)), figure({ year })])) : null,
    busy.length ? table(['entity', 'chains'], busy.map(([entity]) => [name(corpus.entities[entity] ?? entity), figure({ entity })])) : null);
}

// --- search ----------------------------------------------------------------------------------------------------------

const MOST = 500;

function search(query) {
  const hits = found(query);
  const choose = (key, list) => {
    const made = h('select', { id: `by-${key}` }, h('option', { value: '' }, `any ${key}`), list.map((one) => h('option', { value: one }, one)));
    made.value = query[key] ?? '';
    made.addEventListener('change', () => { location.hash = address('find', clean({ ...query, [key]: made.value, ...(key === 'layer' ? { label: '' } : {}) })); });
    return made;
  };
  const labels = [...new Set(corpus.layers.filter((one) => !query.layer || one.name === query.layer).flatMap((one) => Object.keys(one.labels)))];
  const field = h('input', { id: 'by-words', type: 'search', placeholder: 'words', dir: 'auto', value: query.words ?? '', onchange: () => { location.hash = address('find', clean({ ...query, words: field.value })); } });
  const rest = FIELDS.filter((key) => query[key] && !['layer', 'label', 'words', 'split'].includes(key)).map((key) => `${key}: ${key === 'entity' ? corpus.entities[query[key]] ?? query[key] : query[key]}`);
  fill(at('text'),
    h('h2', {}, `${count(hits.length)} annotation(s)`, rest.length ? ` · ${rest.join(' · ')}` : ''),
    h('form', { id: 'search', onsubmit: (event) => event.preventDefault() }, choose('layer', corpus.layers.map((one) => one.name)), choose('label', labels), choose('split', values('split')), field),
    h('ol', { class: 'hits' }, hits.slice(0, MOST).map((row) => h('li', {},
      h('a', { href: address('doc', { document: corpus.documents[row[0]].id, annotation: row[3] }) }, h('span', { class: 'label', 'data-layer': row[1] }, row[2]), ' ', h('bdi', {}, words(row[4], 100) || row[3])),
      h('small', {}, ` ${corpus.documents[row[0]].id}`)))),
    hits.length > MOST ? h('p', {}, `The first ${MOST} are shown: choose a label, a split or words.`) : null);
  paint(at('text'));
}

function paint(element) {
  for (const mark of element.querySelectorAll('[data-layer]')) mark.style.borderColor = colourOf(corpus.layers, mark.dataset.layer);
}

const clean = (query) => Object.fromEntries(Object.entries(query).filter(([, value]) => value));

// --- a document ------------------------------------------------------------------------------------------------------

async function read(id, annotation) {
  const head = corpus.documents.find((one) => one.id === id);
  if (!head) { fill(at('text'), h('p', {}, `There is no document ${id}.`)); return; }
  if (doc?.id !== id || !pane?.host.isConnected) {
    doc = await load(head.file);
    const meta = Object.entries(doc.metadata).filter(([key]) => key !== 'title');
    const host = h('div', { class: 'host' });
    fill(at('text'), h('h2', {}, h('bdi', {}, doc.metadata.title)), h('details', {}, h('summary', {}, `${head.id} · ${head.split}`), h('dl', {}, meta.flatMap(([key, value]) => [h('dt', {}, key), h('dd', {}, h('bdi', {}, value))]))), host);
    pane = new TextPane(host, corpus.layers, { plain: true, pick: (one) => { location.hash = address('doc', { document: id, annotation: one }); }, hover: (one) => { if (one !== hovered) { hovered = one; draw(); } } });
    pane.load(doc.text, doc.annotations);
    current = null;
  }
  current = pane.byId.has(annotation) ? annotation : null;
  if (current) off.delete(pane.byId.get(current).layer);
  showLayers();
  draw(Boolean(current));
  detail();
  list();
}

const unit = () => corpus.layers.find((one) => (one.constraints.units ?? []).length)?.name;

function draw(scroll = false) {
  if (!pane) return;
  const drawn = doc.annotations.filter((a) => !off.has(a.layer));
  const a = pane.byId.get(hovered ?? current) ?? null;
  const arcs = allArcs ? drawn.filter((one) => one.arguments.length && corpus.layers.find((layer) => layer.name === one.layer).kind === 'event') : a ? [a] : [];
  pane.show({ drawn, current: a, related: relatedTo(a, doc.annotations), arcs, scroll });
}

function showLayers() {
  const number = (layer) => doc.annotations.filter((a) => a.layer === layer).length;
  const toggle = (text, on, set, colour) => {
    const box = h('input', { type: 'checkbox', onchange: () => { set(box.checked); draw(); list(); } });
    box.checked = on;
    const made = h('label', { class: 'layer' }, box, h('span', { class: 'label' }, text));
    if (colour) made.querySelector('.label').style.borderColor = colour;
    return made;
  };
  fill(at('filters'), corpus.layers.map((layer) => {
    const made = toggle(`${layer.title || layer.name} (${number(layer.name)})`, !off.has(layer.name), (on) => { if (on) off.delete(layer.name); else off.add(layer.name); }, colourOf(corpus.layers, layer.name));
    made.dataset.layer = layer.name;
    return made;
  }), toggle('draw the arguments of all events', allArcs, (on) => { allArcs = on; }));
}

function detail() {
  const a = pane.byId.get(current);
  if (!a) { fill(at('detail'), h('p', {}, 'Choose an annotation, here or in the text.')); return; }
  const layer = corpus.layers.find((one) => one.name === a.layer);
  const link = (id) => h('a', { href: address('doc', { document: doc.id, annotation: id }) }, h('bdi', {}, pane.byId.has(id) ? pane.words(pane.byId.get(id)) : id));
  const lines = [
    ...a.arguments.map((g) => [g.role, g.target ? link(g.target) : h('bdi', {}, words(pane.quote(g.segments)))]),
    ...(a.members ?? []).map((id) => ['member', link(id)]),
    ...(a.entity ? [['entity', h('bdi', {}, corpus.entities[a.entity] ?? a.entity)]] : []),
    ...Object.entries(a.attributes ?? {}).map(([key, value]) => [key, h('bdi', {}, String(value))]),
    ['decided', `${a.decided || 'unknown'}, by ${(a.by ?? []).join(', ') || 'nobody known'}`],
    ...(a.decision ? [['decision', h('bdi', {}, a.decision)]] : []),
    ...(a.note ? [['note', h('bdi', {}, a.note)]] : []),
    ['signed off', (a.checked_by ?? []).join(', ') || 'by nobody'],
    ...doc.annotations.filter((o) => o.members?.includes(a.id)).map((o) => [`in ${o.label}`, link(o.id)]),
    ...doc.annotations.flatMap((o) => o.arguments.filter((g) => g.target === a.id).map((g) => [`${g.role} of`, link(o.id)])),
  ];
  fill(at('detail'), h('h2', {}, h('span', { class: 'label' }, a.label), ' ', h('bdi', {}, pane.words(a, 80))), h('p', { class: 'definition' }, layer.labels[a.label]?.definition ?? ''),
    h('dl', {}, lines.flatMap(([key, value]) => [h('dt', {}, key), h('dd', {}, value)])));
  at('detail').querySelector('h2 .label').style.borderColor = colourOf(corpus.layers, a.layer);
}

function list() {
  fill(at('list'), doc.annotations.filter((a) => !off.has(a.layer)).map((a) => h('li', {
    'data-id': a.id, 'aria-selected': String(a.id === current), onclick: () => { location.hash = address('doc', { document: doc.id, annotation: a.id }); },
    onmouseenter: () => { hovered = a.id; draw(); }, onmouseleave: () => { hovered = null; draw(); },
  }, h('span', { class: 'label', 'data-layer': a.layer }, a.label), h('bdi', { class: 'words' }, pane.words(a)))));
  paint(at('list'));
  reveal(at('list'), at('list').querySelector('[aria-selected="true"]'));
}

// --- where we are ----------------------------------------------------------------------------------------------------

async function go() {
  const { page = 'figures', ...query } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  document.body.dataset.page = page;
  for (const id of ['filters', 'detail', 'list']) if (page !== 'doc') fill(at(id));
  if (page !== 'doc') { pane = undefined; hovered = null; }
  at('status').textContent = '';
  try {
    if (page === 'doc') await read(query.document, query.annotation);
    else {
      rows ??= await load('data/find.js');
      (page === 'find' ? search : figures)(query);
      scrollTo(0, 0);
    }
  } catch (error) {
    at('status').textContent = error.message;
  }
  for (const link of at('documents').querySelectorAll('a')) link.classList.toggle('current', page === 'doc' ? link.dataset.document === query.document : link.dataset.page === page);
}

async function begin() {
  corpus = given.get('data/corpus.js') ?? (await new Promise((resolve) => { waiting.set('data/corpus.js', resolve); }));
  if (unit()) off.add(unit());
  document.title = `${corpus.title} ${corpus.version}`;
  fill(at('title'), `${corpus.title} ${corpus.version}`);
  fill(at('documents'), h('ul', {},
    [['figures', 'Figures'], ['find', 'Search']].map(([page, text]) => h('li', {}, h('a', { href: address(page, {}), 'data-page': page }, text))),
    [...corpus.documents].sort((a, b) => (a.id < b.id ? -1 : 1)).map((one) => h('li', {}, h('a', { href: address('doc', { document: one.id }), title: one.title, 'data-document': one.id }, one.id)))));
  addEventListener('hashchange', go);
  await go();
}

begin();
