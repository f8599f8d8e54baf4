// What stands around the drawing, and what stands in its place while there is none.

import { el, patch } from '../dom.js';
import { classOf } from './format.js';
import { Readout } from './readout.js';

/** Frame builds the view into root: around the drawing, whose element is host, all that later changes is a property. */
export class Frame {
  /** opened is called when a person opens one of the tables. */
  constructor(root, title, controls, opened) {
    this.title = el('h1', { 'data-testid': 'chart-title' }, title);
    this.verdict = el('p', { class: 'chart-verdict', 'data-testid': 'chart-verdict' }, '\u00a0');
    this.readout = new Readout();
    this.host = el('div', {
      class: 'chart-host',
      tabindex: 0,
      role: 'application',
      'aria-roledescription': 'chart',
      'aria-label': title,
      'aria-describedby': 'chart-keys',
      'data-testid': 'chart-host',
    });
    this.message = el('div', { class: 'chart-message', 'data-testid': 'chart-message' });
    this.host.append(this.message);
    this.legend = el('ul', { class: 'chart-legend', 'aria-label': 'What the signs mean', 'data-testid': 'chart-legend' });
    this.notes = el('div', { 'data-testid': 'chart-troubles', 'aria-live': 'polite' });
    this.bars = details('Bars in view as a table', 'chart-table', opened);
    this.events = details('Gaps, actions and revisions in view', 'chart-events', opened);
    const head = el('div', { class: 'chart-head' }, this.title, this.verdict);
    const figure = el('figure', { class: 'chart-figure' }, this.readout.element, this.host, this.#below());
    root.replaceChildren(head, controls, figure, this.legend, this.notes, this.events, this.bars, keys());
    this.wait('Loading.');
  }

  #below() {
    const button = (action, text, label) =>
      el('button', { type: 'button', 'data-action': action, 'aria-label': label, 'data-testid': `chart-${action}` }, text);
    this.buttons = [
      button('oldest', 'Oldest', 'Go to the oldest bars'),
      button('narrower', '\u2212', 'Zoom out'),
      button('wider', '+', 'Zoom in'),
      button('newest', 'Newest', 'Go to the newest bars'),
    ];
    this.range = el('p', { class: 'chart-range', 'data-testid': 'chart-range' }, '\u00a0');
    return el('div', { class: 'chart-below' }, this.range, el('div', { class: 'buttons' }, this.buttons));
  }

  /** wait says what is waited for, in the place of the drawing. */
  wait(text) {
    this.#replace(el('p', { class: 'muted' }, text));
  }

  /** say tells in the place of the drawing why there is none, and what to do. */
  say(lead, ...more) {
    this.#replace(el('p', {}, el('b', {}, lead)), more);
    patch(this.verdict, '\u00a0');
    this.host.removeAttribute('aria-busy');
    this.events.hidden = this.bars.hidden = true;
  }

  #replace(...content) {
    this.message.hidden = false;
    patch(this.message, content);
    this.#enable(false);
  }

  /** clear lets the drawing be seen. */
  clear() {
    this.message.hidden = true;
    this.events.hidden = this.bars.hidden = false;
    this.#enable(true);
  }

  #enable(usable) {
    for (const button of this.buttons) button.disabled = !usable;
  }
}

// details holds a table, in body, that opened fills while it is open.
function details(summary, id, opened) {
  const body = el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': summary });
  const node = el('details', { class: 'chart-details', 'data-testid': id }, el('summary', {}, summary), body);
  node.body = body;
  node.addEventListener('toggle', opened);
  return node;
}

// keys explains what the keys do.
function keys() {
  const key = (...names) => names.map((name) => el('kbd', {}, name));
  return el(
    'p',
    { class: 'chart-keys muted', id: 'chart-keys' },
    'In the chart: ',
    key('\u2190', '\u2192'),
    ' bar by bar, ',
    key('+', '\u2212'),
    ' zoom, ',
    key('Page \u2191', 'Page \u2193'),
    ' earlier and later, ',
    key('Home', 'End'),
    ' first and last bar, ',
    key('E'),
    ' next gap or event, ',
    key('Shift'),
    ' ',
    key('E'),
    ' the one before. With the mouse drag and scroll; with fingers drag and pinch.',
  );
}

/** legendOf explains the signs that a series has. */
export function legendOf(model) {
  const item = (kind, text, inside = '') =>
    el('li', {}, el('span', { class: `chart-swatch ${kind}`, 'aria-hidden': 'true' }, inside), text);
  const marked = (kind) => model.marks.some((m) => m.kind === kind),
    kinds = new Set(model.holes.map((h) => h.gap?.reason ?? 'no reason recorded'));
  const list = (kind) => [...kinds].filter((reason) => classOf(reason) === kind).join(', ');
  return [
    item('rose', 'closed higher or equal'),
    item('fell', 'closed lower'),
    model.provisional < model.bars.n && item('provisional', 'provisional: the provider may still change it'),
    marked('incomplete') && item('incomplete', 'incomplete: base bars are missing'),
    list('open') && item('open', `missing: ${list('open')}`),
    list('lost') && item('lost', `lost: ${list('lost')}`),
    list('quiet') && item('quiet', `no bar: ${list('quiet')}`),
    marked('revision') && item('revision', 'revised'),
    marked('split') && item('action', 'split', 'S'),
    marked('dividend') && item('action', 'dividend', 'D'),
    marked('capital gain') && item('action', 'capital gain', 'G'),
    marked('scale') && item('action', 'change of scale', '\u00d7'),
  ];
}
