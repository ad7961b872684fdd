// The fields of one annotation: label, attributes, arguments, members and entity. They write into a draft.

import { h, words } from './dom.js';

const allowed = (targets, a) => targets.includes(a.layer) || targets.includes(`${a.layer}/${a.label}`);

// pane: the text, for words; layer: that of the draft; changed(): told after every change of the draft.
export function fields(draft, layer, { pane, corpus, changed, redo }) {
  const all = pane.annotations.filter((a) => a.id !== draft.id);
  const options = (targets) => all.filter((a) => allowed(targets, a));
  const named = (a) => `${a.label} ${pane.words(a, 40)} (${a.id})`;
  const choose = (list, value, set, empty = '') => {
    const known = list.some(([id]) => id === value);
    const made = h('select', {}, empty === null ? null : h('option', { value: '' }, empty), !known && value ? h('option', { value }, value) : null,
      list.map(([id, text]) => h('option', { value: id }, text)));
    made.value = value;
    made.addEventListener('change', () => { set(made.value); changed(); });
    return made;
  };
  const row = (name, field, hint) => h('label', { class: 'row', title: hint }, h('span', {}, name), field);

  const label = choose(Object.keys(layer.labels).map((name) => [name, name]), draft.label, (value) => { draft.label = value; redo('label'); }, null);
  label.id = 'label';
  const parts = [row('label', label, layer.labels[draft.label]?.definition)];

  for (const [name, attribute] of Object.entries(layer.attributes)) {
    const limits = attribute.labels ?? [];
    if (limits.length && !limits.includes(draft.label)) continue;
    parts.push(row(name + (attribute.required ? ' *' : ''), attributeField(name, attribute), attribute.definition));
  }

  function attributeField(name, attribute) {
    const value = draft.attributes[name];
    const set = (next) => { if (next === '' || next === undefined) delete draft.attributes[name]; else draft.attributes[name] = next; };
    const field = (() => {
      if (attribute.type === 'enum') return choose((attribute.values ?? []).map((v) => [v, v]), value ?? '', set);
      if (attribute.type === 'boolean') {
        return choose([['true', 'yes'], ['false', 'no']], value === undefined ? '' : String(value), (v) => set(v === '' ? '' : v === 'true'));
      }
      if (attribute.type === 'reference') {
        return choose([...(attribute.keywords ?? []).map((v) => [v, v]), ...options(attribute.targets ?? []).map((a) => [a.id, named(a)])], value ?? '', set);
      }
      const number = attribute.type === 'integer' || attribute.type === 'number';
      return h('input', { value: value ?? '', inputmode: number ? 'decimal' : null, dir: 'auto', oninput: (event) => {
        const text = event.target.value;
        set(number && text !== '' && Number.isFinite(Number(text)) ? Number(text) : text);
        changed();
      } });
    })();
    field.dataset.attribute = name;
    return field;
  }

  if (layer.kind === 'event' || layer.kind === 'relation') {
    const roles = Object.entries(layer.roles);
    const narrowed = (role) => layer.labels[draft.label]?.roles?.[role]?.targets ?? layer.roles[role]?.targets ?? [];
    draft.arguments.forEach((g, n) => {
      const role = choose(roles.map(([name]) => [name, name]), g.role, (value) => {
        draft.arguments[n] = layer.roles[value].text ? { role: value, target: '', segments: g.segments } : { role: value, target: g.target, segments: [] };
        redo('argument');
      }, null);
      const filler = layer.roles[g.role]?.text
        ? h('button', { type: 'button', title: 'Take the words that are selected in the text', onclick: () => {
          const stretch = pane.selection();
          if (stretch) { g.segments = [stretch]; redo('argument'); changed(); }
        } }, g.segments.length ? words(pane.quote(g.segments), 40) : 'take the selected words')
        : choose(options(narrowed(g.role)).map((a) => [a.id, named(a)]), g.target, (value) => { g.target = value; });
      parts.push(h('div', { class: 'row argument' }, role, filler, drop(() => draft.arguments.splice(n, 1))));
    });
    if (roles.length) parts.push(more('argument', () => draft.arguments.push({ role: roles[0][0], target: '', segments: [] })));
  }
  if (layer.kind === 'chain') {
    const targets = layer.labels[draft.label]?.members?.length ? layer.labels[draft.label].members : all.filter((a) => a.segments.length).map((a) => a.layer);
    draft.members.forEach((id, n) => {
      const member = choose(options(targets).map((a) => [a.id, named(a)]), id, (value) => { draft.members[n] = value; });
      parts.push(h('div', { class: 'row member' }, member, drop(() => draft.members.splice(n, 1))));
    });
    parts.push(more('member', () => draft.members.push('')));
    if (layer.labels[draft.label]?.register) {
      const names = h('datalist', { id: 'entities' }, corpus.entities.map((one) => h('option', { value: one.id }, `${one.name} (${one.type})`)));
      parts.push(row('entity', h('input', { value: draft.entity, list: 'entities', id: 'entity', oninput: (event) => { draft.entity = event.target.value.trim(); changed(); } })), names);
    }
  }

  function drop(remove) {
    return h('button', { type: 'button', title: 'Take away', onclick: () => { remove(); redo('argument'); changed(); } }, '×');
  }
  function more(what, add) {
    return h('button', { type: 'button', class: 'more', onclick: () => { add(); redo('last'); changed(); } }, `another ${what}`);
  }
  return parts;
}
