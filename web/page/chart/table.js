// The bars and events in view as tables: the same as the drawing, for those who do not see it.

import { el, patch } from '../dom.js';
import { headOf } from '../table.js';
import { classOf, meaning, plural, price, slotName, volume } from './format.js';
import { reach } from './paint.js';
import { markWords } from './words.js';

const most = 200; // rows

// A cell that is read with its head where there is no room for columns (see ../table.js).
const value = (name, text, number) => el('td', { role: 'cell', class: number ? 'number' : null, 'data-head': name }, text);

/** barsTable fills an element with the newest bars in view. */
export function barsTable(into, model, view, decimals) {
  const { first, last } = reach(model, view),
    { bars } = model,
    from = Math.max(first, last - most);
  const rows = [];
  for (let i = last - 1; i >= from; i--) {
    const p = (name, v) => value(name, price(v, decimals), true);
    rows.push(
      el(
        'tr',
        { role: 'row' },
        el('th', { scope: 'row', role: 'rowheader' }, slotName(bars.time[i], model.timeframe, model.zone)),
        p('Open', bars.open[i]),
        p('High', bars.high[i]),
        p('Low', bars.low[i]),
        p('Close', bars.close[i]),
        value('Volume', volume(bars.volume[i]), true),
        value('State', stateOf(model, i)),
      ),
    );
  }
  const shown =
    rows.length < last - first
      ? `The newest ${rows.length} of ${plural(last - first, 'bar')} in view`
      : `${plural(rows.length, 'bar')} in view`;
  patch(
    into,
    rows.length === 0
      ? el('p', { class: 'muted' }, 'No bar is in view.')
      : el(
          'table',
          { class: 'cards', role: 'table' },
          el('caption', {}, `${shown}, the newest first. Times are those of ${model.zone.place}.`),
          headOf([
            ['Start'],
            ['Open', 'number'],
            ['High', 'number'],
            ['Low', 'number'],
            ['Close', 'number'],
            ['Volume', 'number'],
            ['State'],
          ]),
          el('tbody', { role: 'rowgroup' }, rows),
        ),
  );
}

function stateOf(model, i) {
  const words = [];
  if (i >= model.provisional) words.push('provisional');
  if (model.bars.due[i] > model.bars.base[i]) words.push(`${model.bars.base[i]} of ${model.bars.due[i]} base bars`);
  return words.join(', ') || 'settled';
}

/** eventsTable fills an element with what is marked in view: gaps, actions and revisions. A button moves the cursor to each. */
export function eventsTable(into, model, view, decimals) {
  const events = [];
  for (const h of model.holes) {
    if (h.to <= view.left || h.from >= view.right) continue;
    const reason = h.gap?.reason ?? 'no reason recorded';
    const kind = { open: 'Missing', lost: 'Lost', quiet: 'No bar' }[classOf(reason)];
    events.push({
      position: Math.floor(h.from),
      text: `${kind}, ${plural(h.gap?.bars ?? Math.round(h.to - h.from), 'bar')}: ${reason}, ${meaning(reason)}.`,
    });
  }
  for (const m of model.marksIn(view.left, view.right))
    events.push({ position: m.position, text: markWords(m, model.zone, decimals).join(' ') });
  events.sort((a, b) => b.position - a.position);
  const rows = events
    .slice(0, most)
    .map((e) =>
      el(
        'tr',
        {},
        el(
          'th',
          { scope: 'row' },
          el(
            'button',
            { type: 'button', class: 'chart-go', 'data-action': 'go', 'data-position': Math.floor(e.position) },
            slotName(model.axis.slot(e.position)?.start ?? 0, model.timeframe, model.zone),
          ),
        ),
        el('td', {}, e.text),
      ),
    );
  const shown =
    rows.length < events.length ? `The newest ${rows.length} of ${events.length}.` : `${plural(events.length, 'event')} in view.`;
  patch(
    into,
    rows.length === 0
      ? el('p', { class: 'muted' }, 'No gap, action or revision is in view.')
      : el('table', {}, el('caption', {}, shown), headOf([['Bar'], ['What']]), el('tbody', {}, rows)),
  );
}
