// The view of one series: choices, what it says of itself in words, the drawing, and the same as tables.

import { explain } from '../api.js';
import { Chart } from '../chart/chart.js';
import { Controls } from '../chart/controls.js';
import { decimalsFor, decimalsOf, plural, slotName } from '../chart/format.js';
import { Loader, sessionsSince } from '../chart/loader.js';
import { Frame, legendOf } from '../chart/frame.js';
import { reach } from '../chart/paint.js';
import { addressOf, choiceOf } from '../chart/route.js';
import { Source } from '../chart/source.js';
import { barsTable, eventsTable } from '../chart/table.js';
import { both, describe, spoken, verdict } from '../chart/words.js';
import { el, onAction, patch } from '../dom.js';

const settle = 300; // milliseconds without a change before address and tables follow
const every = 60_000; // milliseconds between two looks for newer bars

/** show builds the view into root. */
export function show(root, context) {
  const view = new View(root, context);
  return view.begin();
}

class View {
  constructor(root, { params, api, live, signal, announce }) {
    Object.assign(this, { root, api, live, signal, announce, choice: choiceOf(params), address: location.hash, instruments: [], generation: 0 });
  }

  now() {
    return Math.floor((this.live?.now?.() ?? Date.now()) / 1000);
  }

  async begin() {
    this.#build();
    try {
      this.instruments = (await this.api.get('/api/v1/instruments', { signal: this.signal })).instruments;
    } catch (error) {
      return this.#failed(error);
    }
    const stored = this.instruments.filter((i) => i.timeframes.length > 0);
    this.choice.instrument ??= (stored[0] ?? this.instruments[0])?.name ?? null;
    if (this.choice.instrument === null || stored.length === 0) {
      return this.frame.say(
        'This archive holds no bars yet.',
        el('p', {}, 'Start an import on ', el('a', { href: '#/' }, 'Today'), ', or run ', el('code', {}, 'barkeep sync'), '.'),
      );
    }
    this.choice.timeframe ??= usualTimeframe(this.instruments.find((i) => i.name === this.choice.instrument));
    const timer = setInterval(() => this.#refresh(), every);
    this.signal.addEventListener('abort', () => {
      clearInterval(timer);
      clearTimeout(this.settling);
    });
    return this.#load();
  }

  #build() {
    const { choice } = this;
    this.controls = new Controls(
      { ...choice, instrument: choice.instrument ?? '', timeframe: choice.timeframe ?? '' },
      (name, value) => this.#chose(name, value),
    );
    this.frame = new Frame(this.root, titleOf(choice), this.controls.element, () => this.#tables());
    this.chart = new Chart(
      this.frame.host,
      {
        view: () => this.#moved(),
        cursor: (cursor, by) => this.#pointed(cursor, by),
        none: (side) => this.announce(`No gap, action or revision ${side > 0 ? 'later' : 'earlier'}.`),
      },
      this.signal,
    );
    this.#actions();
  }

  #actions() {
    const move = (act) => () => this.chart.model && this.chart.move(act(this.chart.view));
    onAction(
      this.root,
      {
        oldest: move((v) => v.begin()),
        newest: move((v) => v.newest(this.chart.model.axis.position(this.chart.model.newest))),
        wider: move((v) => v.zoom(1.5, v.width / 2)),
        narrower: move((v) => v.zoom(1 / 1.5, v.width / 2)),
        again: () => this.#load(),
        more: () => {
          this.chart.failed = false;
          this.#troubles();
          return this.loader.retry(this.chart.view);
        },
        go: (target) => {
          this.chart.point({ position: Number(target.dataset.position), y: null }, 'keys');
          this.frame.host.focus();
        },
        current: () => this.#chose('asOf', null),
      },
      this.signal,
    );
  }

  #chose(name, value) {
    if (this.choice[name] === value) return;
    this.choice[name] = value;
    if (name === 'log') {
      this.chart.log = value;
      this.chart.draw();
      this.#moved();
      return;
    }
    if (name === 'timeframe' || name === 'instrument') {
      if (name === 'instrument') {
        const { timeframes } = this.instruments.find((i) => i.name === value) ?? { timeframes: [] };
        if (timeframes.length > 0 && !timeframes.includes(this.choice.timeframe))
          this.choice.timeframe = usualTimeframe({ timeframes });
      }
      Object.assign(this.choice, { from: null, to: null });
      history.pushState(null, '', addressOf(this.choice));
      this.address = location.hash;
    }
    this.#load();
  }

  // load shows the chosen series. What comes late for one that was chosen before is dropped.
  async #load() {
    const generation = ++this.generation,
      { choice } = this;
    this.controls.offer(this.instruments, choice);
    patch(this.frame.title, titleOf(choice));
    document.title = `${titleOf(choice)} - Barkeep`;
    this.frame.host.setAttribute('aria-label', titleOf(choice));
    this.chart.log = choice.log;
    this.loading?.abort();
    this.loading = new AbortController();
    const signal = AbortSignal.any([this.signal, this.loading.signal]);
    const source = new Source(this.api, choice, signal),
      loader = new Loader(source, this.#on(generation));
    if (!this.chart.model) this.frame.wait('Loading.');
    this.frame.host.setAttribute('aria-busy', 'true');
    try {
      const model = await loader.start(this.now());
      if (generation === this.generation) this.#started(loader, model);
    } catch (error) {
      if (generation === this.generation && !signal.aborted) await this.#failed(error, loader);
    }
    if (generation !== this.generation) return;
    this.frame.host.removeAttribute('aria-busy');
    this.controls.reach(await loader.reach(), this.now(), choice.asOf);
  }

  #on(generation) {
    const mine =
      (act) =>
      (...values) =>
        generation === this.generation && act(...values);
    return {
      change: mine((model) => {
        this.chart.show(model);
        this.#words();
        this.loader.ensure(this.chart.view);
      }),
      busy: mine((busy) => this.frame.host.toggleAttribute('data-busy', busy)),
      fail: mine((error) => {
        this.chart.failed = true;
        this.chart.draw();
        this.#troubles(error);
      }),
    };
  }

  #started(loader, model) {
    this.loader = loader;
    if (!model) return this.#empty();
    const { chart, choice } = this,
      tick = this.instruments.find((i) => i.name === choice.instrument)?.tick ?? 0;
    this.frame.clear();
    chart.failed = false;
    chart.tick = tick;
    chart.decimals = tick > 0 ? decimalsOf(tick) : decimalsFor(Array.from(model.bars.close.subarray(-200)));
    chart.show(model);
    if (choice.from !== null && choice.to > choice.from)
      chart.move(chart.view.fit(model.axis.position(choice.from), model.axis.position(choice.to)));
    this.#words();
    this.#troubles();
    return loader.ensure(chart.view);
  }

  async #refresh() {
    if (document.hidden || !this.loader?.model) return;
    const generation = this.generation;
    try {
      if ((await this.loader.refresh(this.now())) && generation === this.generation) await this.#load();
    } catch {
      // The shell says that the server does not answer; the next look tries again.
    }
  }

  #words() {
    const { loader, choice } = this,
      { model } = loader;
    const said = verdict({
      model,
      coverage: loader.coverage,
      complete: loader.newest.complete,
      asOf: choice.asOf,
      since: sessionsSince(model, loader.now),
    });
    const folded = loader.newest.foldedFrom
      ? ` ${choice.timeframe} bars are not stored: these are made of ${loader.newest.foldedFrom}.`
      : '';
    patch(this.frame.verdict, el('span', {}, el('span', { class: `state ${said.state}` }, said.lead), `. ${said.rest}${folded}`));
    patch(this.frame.legend, legendOf(model));
    this.#pointed(this.chart.cursor);
    this.#tables();
  }

  // troubles says what could not be read or taken into account, beside the bars that are shown.
  #troubles(error) {
    const { loader } = this,
      sentences = (loader?.troubles ?? []).map((t) => `Without ${t.what}: ${explainShort(t.error)}`);
    const notes = [...sentences, ...(loader?.newest?.notes ?? [])].map((text) => el('p', { class: 'muted' }, text));
    if (error)
      notes.unshift(
        el(
          'p',
          { class: 'fault', role: 'alert' },
          `More bars could not be loaded. ${explain(error)} `,
          el('button', { type: 'button', 'data-action': 'more' }, 'Try again'),
        ),
      );
    patch(this.frame.notes, notes);
  }

  #pointed(cursor, by) {
    const {
      chart: { model },
      loader,
    } = this;
    if (!model) return;
    const until = loader.newest.complete?.provisional_until;
    const i = reach(model, this.chart.view).last - 1;
    const position = cursor?.position ?? (i >= 0 ? model.positions[i] : Math.min(model.axis.length, this.chart.view.right) - 1);
    const newest = model.bars.time[i] === model.newest ? 'newest' : 'newest in view';
    const said = describe(model, Math.floor(position), {
      decimals: this.chart.decimals,
      until: until ? Date.parse(until) / 1000 : null,
    });
    if (!said) return;
    this.frame.readout.show(said, cursor ? '' : newest);
    if (by === 'keys' && cursor) this.announce(spoken(said));
  }

  #moved() {
    const { chart, loader } = this;
    if (!chart.model || !loader?.model) return;
    loader.ensure(chart.view);
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.#settled(), settle);
    this.#ranged();
  }

  #ranged() {
    const { model, view } = this.chart,
      { first, last } = reach(model, view),
      { axis, zone, step } = model;
    const from = axis.slot(Math.max(0, Math.floor(view.left))),
      to = axis.slot(Math.min(axis.length, Math.ceil(view.right)) - 1);
    if (!from || !to) return;
    const named = (t) => slotName(t, model.timeframe, zone);
    const place = step < 86400 ? `, ${zone.place} time` : '';
    const text = `${named(from.start)} to ${named(to.start)}${place}: ${plural(Math.max(0, last - first), 'bar')}.`;
    const why = this.chart.log ? this.chart.last?.scale.why : '';
    const all = why ? `${text} ${why}` : text;
    if (this.frame.range.firstChild.data !== all) this.frame.range.firstChild.data = all;
    if (!this.chart.cursor) this.#pointed(null);
  }

  // settled lets the address and the tables follow what is in view.
  #settled() {
    const {
      chart: { model, view },
      choice,
    } = this;
    if (!model || this.signal.aborted) return;
    this.#ranged();
    const usual = view.atEnd && view.pixels === 7;
    choice.from = usual ? null : model.axis.time(view.left);
    choice.to = usual ? null : model.axis.time(view.right);
    if (location.hash !== this.address) return; // somebody is about to go elsewhere
    history.replaceState(null, '', addressOf(choice));
    this.address = location.hash;
    this.#tables();
  }

  #tables() {
    const { model, view, decimals } = this.chart;
    if (!model) return;
    if (this.frame.bars.open) barsTable(this.frame.bars.body, model, view, decimals);
    if (this.frame.events.open) eventsTable(this.frame.events.body, model, view, decimals);
  }

  #empty() {
    const { instrument, timeframe, asOf } = this.choice;
    if (asOf !== null) return this.frame.say(`No bar of ${instrument} ${timeframe} was known then.`, back());
    const others = this.instruments.some((i) => i.name === instrument && i.timeframes.length > 0);
    return this.frame.say(
      `No bars of ${instrument} ${timeframe} are stored.`,
      el('p', {}, others ? 'Choose another timeframe, or fetch them:' : 'Fetch them:'),
      el('p', {}, el('code', {}, `barkeep sync --instrument ${instrument} --timeframe ${timeframe}`)),
    );
  }

  async #failed(error, loader) {
    const { problem } = error,
      kind = (problem?.type ?? '').split(/[/:]/).at(-1);
    if (kind === 'no-such-series') return this.#empty();
    if (kind === 'before-arrivals') {
      const at = await loader.reach(),
        { instrument, timeframe } = this.choice;
      const from =
        at === null
          ? explain(error)
          : `${instrument} ${timeframe} can be read as of ${both(at)} and later; when bars arrived before is not recorded.`;
      return this.frame.say('What was known then is not recorded.', el('p', {}, from), back());
    }
    return this.frame.say(
      'The bars could not be read.',
      el('p', { class: 'fault', role: 'alert' }, explain(error)),
      el('p', {}, el('button', { type: 'button', 'data-action': 'again' }, 'Try again')),
    );
  }
}

const back = () => el('p', {}, el('button', { type: 'button', 'data-action': 'current' }, 'Show what is known now'));
const explainShort = (error) => (error.problem ? explain(error) : error.message);
const titleOf = ({ instrument, timeframe }) => (instrument ? `${instrument} ${timeframe ?? ''}`.trim() : 'Chart');
const usualTimeframe = (i) => ['1h', '1d'].find((t) => i?.timeframes.includes(t)) ?? i?.timeframes[0] ?? '1d';
