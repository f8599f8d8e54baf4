// The lines above the drawing: what stands under the cursor. Their nodes stay, since they change with every move of a pointer.

import { el } from '../dom.js';

const names = ['open', 'high', 'low', 'close', 'change', 'volume'];

/** Readout is an element that shows what describe (words.js) says. */
export class Readout {
  constructor() {
    const text = (node) => {
      const t = document.createTextNode('');
      node.append(t);
      return t;
    };
    const time = el('b'),
      others = el('span', { class: 'muted' }),
      which = el('span', { class: 'muted' }),
      notes = el('p', { class: 'chart-notes' });
    this.values = names.map((name) => {
      const value = el('b');
      return { name, value: text(value), node: el('span', { hidden: true }, `${name} `, value) };
    });
    this.element = el(
      'div',
      { class: 'chart-readout', 'data-testid': 'chart-readout' },
      el('p', { class: 'chart-when' }, time, others, which),
      el(
        'p',
        { class: 'chart-values' },
        this.values.map((v) => v.node),
      ),
      notes,
    );
    [this.time, this.others, this.which, this.notes] = [time, others, which, notes].map(text);
  }

  /** show takes a description, and what to say of a bar that no cursor chose. */
  show(said, which) {
    set(this.time, said.time);
    set(this.others, said.others);
    set(this.which, which);
    set(this.notes, said.notes.join(' '));
    const given = new Map(said.values);
    for (const { name, value, node } of this.values) {
      const text = given.get(name) ?? '';
      set(value, text);
      if (node.hidden !== (text === '')) node.hidden = text === '';
    }
  }
}

function set(node, text) {
  if (node.data !== text) node.data = text;
}
