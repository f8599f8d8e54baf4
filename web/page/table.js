// A table with its heads. Where there is no room for columns, each row becomes a card whose values have their heads beside them.
import { el } from './dom.js';

/** The row of heads, each [text, class]. */
export const headOf = (heads) =>
  el(
    'thead',
    { role: 'rowgroup' },
    el(
      'tr',
      { role: 'row' },
      heads.map(([text, c]) => el('th', { scope: 'col', role: 'columnheader', class: c }, text)),
    ),
  );

/**
 * Makes a table. heads are [text, class], rows are {attributes, cells}; a cell is what `el` takes as children. label or labelledby
 * names it.
 */
export function tableOf({ label, labelledby, heads, rows }) {
  const name = { 'aria-label': label, 'aria-labelledby': labelledby };
  return el(
    'div',
    { class: 'scroll', tabindex: '0', role: 'group', ...name },
    el(
      'table',
      { class: 'cards', role: 'table' },
      headOf(heads),
      el(
        'tbody',
        { role: 'rowgroup' },
        rows.map(({ attributes, cells }) =>
          el(
            'tr',
            { role: 'row', ...attributes },
            cells.map((cell, i) => el('td', { role: 'cell', class: heads[i][1], 'data-head': heads[i][0] }, el('div', {}, cell))),
          ),
        ),
      ),
    ),
  );
}
