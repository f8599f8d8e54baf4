import assert from 'node:assert/strict';
import test from 'node:test';

import { axisLabels, rowsInSight } from '../../page/grid.js';

const days = (from, n) => Array.from({ length: n }, (_, i) => new Date(Date.parse(from) + i * 86_400_000).toISOString().slice(0, 10));
const wide = (text) => text.length * 7;

test('months stand where they begin, with the year where it changes', () => {
  const labels = axisLabels(days('2025-11-20', 100), 8, wide);
  assert.deepEqual(
    labels.map((l) => [l.x / 8, l.text]),
    [
      [0, 'Nov 2025'],
      [11, 'Dec'],
      [42, 'Jan 2026'],
      [73, 'Feb'],
    ],
  );
});

test('days stand above few columns, and no two overlap', () => {
  const labels = axisLabels(days('2026-08-01', 20), 12, wide);
  assert.equal(labels[0].text, '1 Aug');
  assert.ok(labels.every((l) => l.short));
  for (const [i, l] of labels.entries()) if (i) assert.ok(l.x >= labels[i - 1].x + wide(labels[i - 1].text), l.text);
});

test('no label overlaps another one or goes beyond the last column, whatever the widths', () => {
  for (const n of [1, 2, 44, 45, 250])
    for (const cell of [4, 9, 26]) {
      let end = 0;
      for (const { x, text } of axisLabels(days('2024-12-30', n), cell, wide)) {
        assert.ok(x >= end && x + wide(text) <= n * cell, `${n} columns of ${cell}: ${text} at ${x}`);
        end = x + wide(text);
      }
    }
});

test('only rows in sight are made, with a few beside them, and each pixel has its row', () => {
  assert.deepEqual(rowsInSight(0, 140, 14, 1000), [0, 16]);
  assert.deepEqual(rowsInSight(1400, 140, 14, 1000), [94, 116]);
  assert.deepEqual(rowsInSight(13_900, 140, 14, 1000), [986, 1000]);
  assert.deepEqual(rowsInSight(-30, 140, 14, 5), [0, 5]); // pulled beyond the top
  for (let top = 0; top < 400; top += 7) {
    const [from, to] = rowsInSight(top, 100, 18, 40);
    assert.ok(from * 18 <= top && to * 18 >= Math.min(40 * 18, top + 100), String(top));
  }
});
