// A grid of many rows and small cells. Only the rows in sight are in the DOM, each with a canvas for its cells; of the cells only
// the one with the focus is an element, which is what the keyboard and a screen reader go through.
import { el } from './dom.js';

const overscan = 6;

/**
 * Makes the grid inside root. columns are texts (dates), rowName(i) and rowLink(i) are of the row's head; draw(context, row,
 * width, height) draws the cells of a row, explain(row, column) says what a cell is, open(row, column) follows it, seen(from, to)
 * is told which rows are in sight, point(row, column) which cell the pointer or the focus is at.
 */
export function makeGrid(root, { label, signal, ...on }) {
  const body = el('div', { class: 'grid-body', role: 'rowgroup' });
  const axis = el('canvas', { class: 'grid-axis', 'aria-hidden': 'true' });
  const scroller = el(
    'div',
    { class: 'grid', role: 'grid', 'aria-label': label, 'data-testid': 'grid' },
    el('div', { class: 'grid-axis-row', role: 'presentation' }, axis),
    body,
  );
  root.append(scroller);
  const mark = el('div', { class: 'grid-mark', 'aria-hidden': 'true', hidden: true });
  const shown = new Map(); // elements of rows in sight, by number
  let rowHeight = 18,
    rows = 0,
    columns = [],
    cell = 8,
    head = 84,
    measured = -1, // the width that the cells were made for
    active = { row: 0, column: -1 };

  function measure() {
    rowHeight = rows > 24 ? 14 : 18; // fifty rows are seen at once
    scroller.style.setProperty('--row', `${rowHeight}px`);
    measured = scroller.clientWidth;
    head = Math.min(132, Math.max(64, scroller.clientWidth * 0.12));
    const room = scroller.clientWidth - head - 2;
    cell = Math.max(4, Math.min(26, Math.floor(room / Math.max(1, columns.length))));
    scroller.style.setProperty('--head', `${head}px`);
    scroller.style.setProperty('--width', `${cell * columns.length}px`);
    scroller.setAttribute('aria-rowcount', rows);
    scroller.setAttribute('aria-colcount', columns.length + 1);
    body.style.height = `${rows * rowHeight}px`;
  }

  function range() {
    return rowsInSight(scroller.scrollTop, scroller.clientHeight, rowHeight, rows);
  }

  function show() {
    const [from, to] = range();
    for (const [i, node] of shown) {
      if ((i < from || i >= to) && i !== active.row) {
        node.remove();
        shown.delete(i);
      }
    }
    for (let i = from; i < to; i++) if (!shown.has(i)) addRow(i);
    if (active.row < rows && !shown.has(active.row)) addRow(active.row);
    on.seen(from, to);
  }

  function addRow(i) {
    const link = el('a', { href: on.rowLink(i), tabindex: '-1' }, on.rowName(i));
    const row = el(
      'div',
      { class: 'grid-row', role: 'row', 'aria-rowindex': i + 1, 'data-row': i },
      el('div', { class: 'grid-head', role: 'rowheader', 'aria-colindex': 1, 'data-testid': 'grid-head' }, link),
      el('canvas', { 'aria-hidden': 'true' }),
    );
    row.style.top = `${i * rowHeight}px`;
    shown.set(i, row);
    body.append(row);
    paint(i);
    if (i === active.row) markActive();
  }

  function paint(i) {
    const canvas = shown.get(i)?.querySelector('canvas');
    if (!canvas) return;
    const scale = devicePixelRatio || 1,
      width = cell * columns.length,
      height = rowHeight;
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.round(height * scale);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext('2d');
    context.scale(scale, scale);
    on.draw(context, i, cell, height);
  }

  // Months, and years where they change, above the columns where they begin.
  function paintAxis() {
    const scale = devicePixelRatio || 1,
      width = cell * columns.length,
      height = 22;
    axis.width = Math.max(1, Math.round(width * scale));
    axis.height = height * scale;
    axis.style.width = `${width}px`;
    axis.style.height = `${height}px`;
    const c = axis.getContext('2d'),
      style = getComputedStyle(scroller);
    c.scale(scale, scale);
    c.fillStyle = style.color;
    c.font = `12px ${style.fontFamily}`;
    for (const { x, text, short } of axisLabels(columns, cell, (label) => c.measureText(label).width)) {
      c.fillRect(x, 16, 1, 6);
      c.fillText(text, x + (short ? 0 : 3), 13);
    }
  }

  // Gives the focus to a cell, or to the head of a row (column -1).
  function setActive(row, column) {
    if (rows === 0) return;
    row = Math.max(0, Math.min(rows - 1, row));
    column = Math.max(-1, Math.min(columns.length - 1, column));
    active = { row, column };
    if (!shown.has(row)) addRow(row);
    markActive().focus({ preventScroll: true });
    keepInSight(row, column);
    on.point(row, column);
  }

  // Makes the element of the active cell, the only one that a Tab reaches, and returns it. Its row must be shown.
  function markActive() {
    body.querySelectorAll('[role=gridcell]').forEach((node) => node.remove());
    body.querySelectorAll('[tabindex="0"]').forEach((node) => node.setAttribute('tabindex', '-1'));
    const { row, column } = active,
      node = shown.get(row);
    let target = node.querySelector('a');
    if (column >= 0) {
      target = el('div', {
        class: 'grid-cell',
        role: 'gridcell',
        'aria-colindex': column + 2,
        'aria-label': on.explain(row, column),
        'data-testid': 'grid-cell',
      });
      target.style.left = `${head + column * cell}px`;
      target.style.width = `${cell}px`;
      node.append(target);
    }
    target.setAttribute('tabindex', '0');
    return target;
  }

  function keepInSight(row, column) {
    const top = row * rowHeight,
      sight = scroller.clientHeight - 24;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    if (top + rowHeight > scroller.scrollTop + sight) scroller.scrollTop = top + rowHeight - sight;
    if (column < 0) return;
    const left = column * cell,
      width = scroller.clientWidth - head;
    if (left < scroller.scrollLeft) scroller.scrollLeft = left - cell;
    if (left + cell > scroller.scrollLeft + width) scroller.scrollLeft = left + 2 * cell - width;
  }

  const page = () => Math.max(1, Math.floor(scroller.clientHeight / rowHeight) - 2);
  const moves = {
    ArrowUp: () => [-1, 0],
    ArrowDown: () => [1, 0],
    ArrowLeft: () => [0, -1],
    ArrowRight: () => [0, 1],
    PageUp: () => [-page(), 0],
    PageDown: () => [page(), 0],
    Home: (e) => [e.ctrlKey ? -rows : 0, -columns.length],
    End: (e) => [e.ctrlKey ? rows : 0, columns.length],
  };
  scroller.addEventListener(
    'keydown',
    (event) => {
      const move = moves[event.key]?.(event);
      if (move) {
        event.preventDefault();
        setActive(active.row + move[0], active.column + move[1]);
      } else if ((event.key === 'Enter' || event.key === ' ') && active.column >= 0) {
        event.preventDefault();
        on.open(active.row, active.column);
      }
    },
    { signal },
  );

  // The cell below the pointer; null for none.
  function at(event) {
    const row = event.target.closest?.('.grid-row');
    if (!row || event.target.closest('.grid-head')) return null;
    const column = Math.floor((event.clientX - row.getBoundingClientRect().left - head) / cell);
    return column >= 0 && column < columns.length ? { row: Number(row.dataset.row), column, node: row } : null;
  }
  scroller.addEventListener(
    'pointermove',
    (event) => {
      const found = at(event);
      mark.hidden = !found;
      if (!found) return;
      found.node.append(mark);
      mark.style.left = `${head + found.column * cell}px`;
      mark.style.width = `${cell}px`;
      on.point(found.row, found.column);
    },
    { signal },
  );
  scroller.addEventListener(
    'pointerleave',
    () => {
      mark.hidden = true;
    },
    { signal },
  );
  scroller.addEventListener(
    'click',
    (event) => {
      const found = at(event);
      if (found) on.open(found.row, found.column);
    },
    { signal },
  );
  scroller.addEventListener(
    'focusin',
    (event) => {
      if (event.target.matches('.grid-cell')) on.point(active.row, active.column);
    },
    { signal },
  );
  let waiting = false;
  const soon = (work) => () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      work();
    });
  };
  scroller.addEventListener('scroll', soon(show), { signal });

  function again() {
    measure();
    shown.forEach((node) => node.remove());
    shown.clear();
    show();
    paintAxis();
  }
  // Another width makes other cells; with another height only more or fewer rows are in sight.
  const observer = new ResizeObserver(soon(() => (scroller.clientWidth === measured ? show() : again())));
  observer.observe(scroller);
  signal.addEventListener('abort', () => observer.disconnect(), { once: true });
  addEventListener('themechange', again, { signal });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again, { signal });

  return {
    /** Shows so many rows and these columns; the newest column is in sight where `end` is true. */
    set(count, dates, end) {
      const held = scroller.contains(document.activeElement);
      const was = columns[active.column];
      rows = count;
      columns = dates;
      active = {
        row: Math.min(active.row, Math.max(0, rows - 1)),
        column: was ? columns.indexOf(was) : columns.length - 1,
      };
      again();
      if (end) scroller.scrollLeft = scroller.scrollWidth;
      if (held) setActive(active.row, active.column);
    },
    /** Draws rows again whose cells came. */
    paint(from, to) {
      for (let i = from; i < to; i++) paint(i);
      const node = body.querySelector('[role=gridcell]');
      if (node) node.setAttribute('aria-label', on.explain(active.row, active.column));
    },
  };
}

/** The rows in sight and a few beside them, [from, to), with the top of what is in sight and its height in pixels. */
export function rowsInSight(top, height, rowHeight, rows) {
  const above = Math.max(0, top);
  return [
    Math.max(0, Math.floor(above / rowHeight) - overscan),
    Math.min(rows, Math.ceil((above + height) / rowHeight) + overscan),
  ];
}

/**
 * The labels above columns that are dates, each so many pixels wide: {x, text, short}. Each begins with its month, or is a day
 * where there are few columns (short); none overlaps the one before it or the end. widthOf(text) is in pixels.
 */
export function axisLabels(columns, cell, widthOf) {
  const labels = [],
    short = columns.length < 45;
  let free = 0,
    before = '';
  columns.forEach((date, i) => {
    const what = short ? date : date.slice(0, 7),
      x = i * cell;
    if (what === before || x < free) {
      if (!short) before = what;
      return;
    }
    const text = labelOf(date, before, short),
      size = widthOf(text);
    if (x + size > cell * columns.length) return;
    labels.push({ x, text, short });
    free = x + size + 10;
    before = what;
  });
  return labels;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function labelOf(date, before, short) {
  const [year, month, dayOfMonth] = date.split('-');
  const name = months[Number(month) - 1];
  if (short) return `${Number(dayOfMonth)} ${name}`;
  return before.slice(0, 4) === year ? name : `${name} ${year}`;
}
