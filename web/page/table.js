// A table with its heads. Where there is no room for columns, each row becomes a card whose values have their heads beside them.
import { el } from './dom.js';

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
      { class: 'cards' },
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          heads.map(([text, c]) => el('th', { scope: 'col', class: c }, text)),
        ),
      ),
      el(
        'tbody',
        {},
        rows.map(({ attributes, cells }) =>
          el(
            'tr',
            attributes,
            cells.map((cell, i) => el('td', { class: heads[i][1], 'data-head': heads[i][0] }, el('div', {}, cell))),
          ),
        ),
      ),
    ),
  );
}
