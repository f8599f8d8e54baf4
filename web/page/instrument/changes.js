// The actions of an instrument, and how its stored bars changed.
import { el } from '../dom.js';
import { tableOf } from '../table.js';
import { barStart, both, calendarDay, dayClock, plural, price } from '../format.js';

export function actionsOf(name, { actions }) {
  if (!actions.length)
    return el(
      'p',
      { class: 'muted' },
      'No split, dividend or capital gain is known. One that the provider did not tell can be added above.',
    );
  return el(
    'ul',
    { class: 'plain' },
    actions.toReversed().map((a) =>
      el(
        'li',
        { 'data-testid': 'action' },
        el(
          'strong',
          {},
          a.kind === 'split'
            ? `Split ${price(a.numerator)}:${price(a.denominator)}`
            : `${a.kind === 'dividend' ? 'Dividend' : 'Capital gain'} ${price(a.amount)}${a.currency ? ` ${a.currency}` : ''}`,
        ),
        ` on ${calendarDay(a.date)}`,
        el(
          'div',
          { class: 'muted note' },
          `from ${a.source === 'person' ? 'a person' : a.source}, seen ${dayClock(a.seen)}${a.note ? `; ${a.note}` : ''}`,
          a.holds ? '' : `; taken back ${dayClock(a.gone)}`,
        ),
        a.holds
          ? el(
              'button',
              {
                type: 'button',
                class: 'quiet',
                'data-action': 'take-back',
                'data-instrument': name,
                'data-kind': a.kind,
                'data-date': a.date,
              },
              'Take it back',
            )
          : null,
      ),
    ),
  );
}

export function revisionsOf(zone, timeframe, { count: all, more, revisions, restatements }) {
  if (!revisions.length && !restatements.length) return el('p', { class: 'muted' }, 'No stored bar was ever changed.');
  return [
    restatements.length
      ? el(
          'ul',
          { class: 'plain' },
          restatements
            .toReversed()
            .map((r) =>
              el(
                'li',
                { 'data-testid': 'restatement' },
                el(
                  'strong',
                  {},
                  `${plural(r.bars, 'bar')} multiplied by ${price(r.price_factor[0])}/${price(r.price_factor[1])}`,
                ),
                ` at ${both(r.at)}`,
                el('div', { class: 'muted note' }, r.why),
              ),
            ),
        )
      : null,
    revisions.length
      ? tableOf({
          label: 'Changes',
          heads: [['Bar'], ['What changed'], ['When'], ['Why']],
          rows: revisions.map((r) => ({
            attributes: { 'data-testid': 'revision' },
            cells: [
              el('span', { class: 'nowrap' }, barStart(r.ts, timeframe, zone)),
              differences(r),
              el('span', { class: 'nowrap' }, dayClock(r.at)),
              [r.why, r.run_id ? [' ', el('a', { href: `#/runs/${r.run_id}`, class: 'nowrap' }, `run ${r.run_id}`)] : ''],
            ],
          })),
        })
      : null,
    more ? el('p', { class: 'muted' }, `The first ${revisions.length} of ${plural(all, 'change')}.`) : null,
  ];
}

function differences({ before, after }) {
  if (!after) return `taken out; it closed at ${price(before.close)}`;
  return (
    ['open', 'high', 'low', 'close', 'volume']
      .filter((key) => before[key] !== after[key])
      .map((key) => `${key} ${price(before[key])} → ${price(after[key])}`)
      .join(', ') || 'nothing that is shown'
  );
}
