// The choices above the chart: which series, on which scale, as of when.

import { el, patch } from '../dom.js';
import { timeframes } from './grid.js';
import { both } from './words.js';

const adjusts = [
  ['split', 'splits'],
  ['none', 'nothing (as traded then)'],
  ['total', 'splits and dividends'],
];
const labelled = (text, control) => el('label', {}, text, control);
const options = (all, chosen) => all.map(([value, text]) => el('option', { value, selected: value === chosen }, text));

/** Controls stand in an element. on(name, value) tells of what a person chose: instrument, timeframe, adjust, log or asOf. */
export class Controls {
  constructor(choice, on) {
    this.instrument = el('select', { 'data-testid': 'chart-instrument' }, el('option', {}, choice.instrument));
    this.timeframe = el('select', { 'data-testid': 'chart-timeframe' }, el('option', {}, choice.timeframe));
    this.adjust = el('select', { 'data-testid': 'chart-adjust' }, options(adjusts, choice.adjust));
    this.log = el('input', { type: 'checkbox', 'data-testid': 'chart-log', checked: choice.log });
    this.slider = el('input', {
      type: 'range',
      id: 'chart-asof',
      'data-testid': 'chart-asof',
      disabled: true,
      min: 0,
      max: 1,
      value: 1,
    });
    this.said = el('output', { for: 'chart-asof', 'data-testid': 'chart-asof-said' }, 'now');
    this.latest = el('button', { type: 'button', 'data-testid': 'chart-asof-now', disabled: true }, 'Now');
    this.summary = el('summary', {}, 'More');
    // On a phone the bars matter more than these; where there is room they are always open.
    this.more = el(
      'details',
      { class: 'chart-more', open: matchMedia('(min-width: 44.01rem)').matches },
      this.summary,
      el(
        'div',
        { class: 'chart-choices' },
        labelled('Adjusted for', this.adjust),
        el('label', { class: 'chart-check' }, this.log, 'Log scale'),
        el(
          'div',
          { class: 'chart-asof' },
          el('div', { class: 'chart-asof-words' }, el('label', { for: 'chart-asof' }, 'As known '), this.said),
          this.slider,
          this.latest,
        ),
      ),
    );
    this.element = el(
      'form',
      { class: 'chart-controls', 'aria-label': 'What the chart shows' },
      labelled('Instrument', this.instrument),
      labelled('Timeframe', this.timeframe),
      this.more,
    );
    this.#listen(on);
  }

  #listen(on) {
    this.element.addEventListener('submit', (event) => event.preventDefault());
    for (const name of ['instrument', 'timeframe', 'adjust'])
      this[name].addEventListener('change', () => on(name, this[name].value));
    this.log.addEventListener('change', () => {
      this.#sum();
      on('log', this.log.checked);
    });
    this.slider.addEventListener('input', () => this.#say(this.#chosen()));
    this.slider.addEventListener('change', () => on('asOf', this.#chosen()));
    this.latest.addEventListener('click', () => {
      this.slider.value = this.slider.max;
      this.#say(null);
      on('asOf', null);
    });
  }

  // chosen is the instant of the slider; null, for now, at its end.
  #chosen() {
    return this.slider.value === this.slider.max ? null : Number(this.slider.value);
  }

  #say(asOf) {
    const text = asOf === null ? 'now' : both(asOf);
    this.said.textContent = text;
    this.slider.setAttribute('aria-valuetext', text);
    this.latest.disabled = asOf === null;
    this.#sum();
  }

  // sum says what is chosen while the details are closed.
  #sum() {
    const adjusted = adjusts.find(([value]) => value === this.adjust.value)?.[1];
    const scale = this.log.checked ? 'log scale, ' : '';
    this.summary.textContent = `Adjusted for ${adjusted}, ${scale}as known ${this.said.textContent}`;
  }

  /** offer gives the instruments of /api/v1/instruments, and shows the choice. */
  offer(instruments, choice) {
    const names = instruments.map((i) => i.name);
    if (!names.includes(choice.instrument)) names.unshift(choice.instrument);
    patch(
      this.instrument,
      options(
        names.map((n) => [n, n]),
        choice.instrument,
      ),
    );
    const stored = instruments.find((i) => i.name === choice.instrument)?.timeframes ?? [];
    const others = timeframes.filter((t) => !stored.includes(t));
    const group = (label, all) =>
      all.length === 0
        ? null
        : el(
            'optgroup',
            { label },
            options(
              all.map((t) => [t, t]),
              choice.timeframe,
            ),
          );
    patch(this.timeframe, group('Stored', stored), group('Made of stored ones, where possible', others));
    for (const name of ['instrument', 'timeframe', 'adjust']) this[name].value = choice[name];
    this.log.checked = choice.log;
    this.#sum();
  }

  /** reach gives the slider its span of instants; from is null where nothing can be read as of then. */
  reach(from, now, asOf) {
    const usable = from !== null && now - from > 60;
    this.slider.disabled = !usable;
    if (usable) {
      const least = Math.min(from, asOf ?? from),
        step = Math.max(60, Math.round((now - least) / 500 / 60) * 60);
      const max = least + Math.ceil((now - least) / step) * step;
      Object.assign(this.slider, { min: least, max, step });
      this.slider.value = asOf ?? max;
    }
    this.#say(asOf);
    if (!usable && asOf === null) this.said.textContent = 'now (no earlier state is recorded)';
  }
}
