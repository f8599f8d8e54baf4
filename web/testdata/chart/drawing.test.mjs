import assert from 'node:assert/strict';
import test from 'node:test';

import { Axis, firstAtLeast, lastAtMost } from '../../page/chart/axis.js';
import { Bars, flagsOf, incomplete } from '../../page/chart/bars.js';
import { Columns } from '../../page/chart/columns.js';
import { decimalsFor, decimalsOf, label, price, short, volume } from '../../page/chart/format.js';
import { runsOf } from '../../page/chart/grid.js';
import { Pyramid } from '../../page/chart/pyramid.js';
import { addressOf, choiceOf } from '../../page/chart/route.js';
import { scaleOf } from '../../page/chart/scale.js';
import { priceTicks, roundStep, timeTicks } from '../../page/chart/ticks.js';
import { most, Viewport } from '../../page/chart/viewport.js';
import { Zone } from '../../page/chart/zone.js';
import { forSeeds, near, random, sessions, whole } from './support.mjs';

// series makes n random bars: lows, highs and volumes, some of which are not known.
function series(next, n) {
  const low = new Float64Array(n),
    high = new Float64Array(n),
    volumes = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    low[i] = whole(next, -1000, 1000);
    high[i] = low[i] + whole(next, 0, 50);
    volumes[i] = next() < 0.1 ? NaN : whole(next, 0, 1e6);
  }
  return { low, high, volumes };
}

function naive({ low, high, volumes }, from, to) {
  const all = { low: Infinity, high: -Infinity, volume: NaN };
  for (let i = from; i < to; i++) {
    all.low = Math.min(all.low, low[i]);
    all.high = Math.max(all.high, high[i]);
    if (!Number.isNaN(volumes[i])) all.volume = (Number.isNaN(all.volume) ? 0 : all.volume) + volumes[i];
  }
  return all;
}

test('a span of bars sums up as one by one', () => {
  forSeeds(60, (next) => {
    const n = whole(next, 0, 5000),
      s = series(next, n),
      pyramid = new Pyramid(s.low, s.high, s.volumes, n);
    for (let k = 0; k < 40; k++) {
      const from = whole(next, 0, n),
        to = whole(next, from, n);
      assert.deepEqual(pyramid.span(from, to), naive(s, from, to));
    }
  });
});

test('390,000 bars sum up, and every column of the view is what its bars come to', () => {
  const next = random(7),
    n = 390_000,
    s = series(next, n),
    pyramid = new Pyramid(s.low, s.high, s.volumes, n);
  const positions = new Float64Array(n);
  for (let i = 1; i < n; i++) positions[i] = positions[i - 1] + (next() < 0.001 ? whole(next, 2, 5000) : 1);
  const columns = new Columns(),
    length = positions[n - 1] + 1;
  for (const [left, right] of [
    [0, length],
    [-500, length + 500],
    [length * 0.3, length * 0.3 + 9000],
    [400, 400 + 1200 * 4],
    [length, length + 10],
    [-10, 0],
  ]) {
    const slots = (right - left) / 1200,
      columnOf = (i) => Math.floor(positions[i] / slots);
    columns.fill(positions, n, pyramid, { left, right, slots });
    let bar = columns.n > 0 ? columns.first[0] : 0,
      x = -Infinity;
    for (let k = 0; k < columns.n; k++) {
      assert.equal(columns.first[k], bar, 'no bar is left out or there twice');
      bar = columns.last[k];
      assert.equal(columnOf(bar - 1), columnOf(columns.first[k]), 'all bars of a column are of one');
      if (bar < n) assert.notEqual(columnOf(bar), columnOf(bar - 1), 'and no other one is');
      assert.ok(columns.x[k] > x, 'columns come from left to right');
      x = columns.x[k];
      assert.deepEqual(
        { low: columns.low[k], high: columns.high[k], volume: columns.volume[k] },
        naive(s, columns.first[k], columns.last[k]),
      );
      near(columns.x[k], (positions[columns.first[k]] - left) / slots, 'pixel', 2 / Math.max(1, Math.abs(columns.x[k])));
    }
    const inView = positions.filter((p) => p >= left && p < right).length;
    const shown = columns.n > 0 ? columns.last[columns.n - 1] - columns.first[0] : 0;
    assert.ok(shown >= inView, `${shown} of ${inView} bars`);
  }
});

test('columns keep their bars while a person pans', () => {
  const next = random(3),
    n = 20_000,
    s = series(next, n),
    pyramid = new Pyramid(s.low, s.high, s.volumes, n);
  const positions = Float64Array.from({ length: n }, (_, i) => i),
    slots = 7.3,
    columns = new Columns(),
    seen = new Map();
  for (let left = 0; left < 5000; left += 37.7) {
    columns.fill(positions, n, pyramid, { left, right: left + 5000, slots });
    for (let k = 1; k < columns.n - 1; k++) {
      const known = seen.get(columns.first[k]);
      assert.ok(known === undefined || known === columns.last[k]);
      seen.set(columns.first[k], columns.last[k]);
    }
  }
});

test('searches find what a walk finds', () => {
  forSeeds(200, (next) => {
    const values = Float64Array.from({ length: whole(next, 0, 40) }, () => whole(next, 0, 20)).sort(),
      v = whole(next, -1, 21);
    assert.equal(
      lastAtMost(values, values.length, v),
      values.findLastIndex((x) => x <= v),
    );
    const first = values.findIndex((x) => x >= v);
    assert.equal(firstAtLeast(values, values.length, v), first < 0 ? values.length : first);
  });
});

test('price to height to price is the same, also below zero', () => {
  forSeeds(300, (next) => {
    const low = next() < 0.5 ? -40 + next() * 50 : 1 + next() * 1e4,
      high = low + next() * 100,
      log = next() < 0.5;
    const scale = scaleOf({ low, high, log, top: 10, bottom: 400 });
    assert.equal(scale.log, log && low > 0);
    assert.equal(scale.why !== '', log && low <= 0, 'a scale that is not the one asked for says why');
    let before = Infinity;
    for (let k = 0; k <= 20; k++) {
      const v = low + (k / 20) * (high - low),
        y = scale.y(v);
      near(scale.price(y), v, 'price', 1e-6);
      assert.ok(y <= before && y >= 10 && y <= 400);
      before = y;
    }
  });
});

test('equal prices stand in the middle, and no prices have a scale', () => {
  assert.deepEqual(
    [
      scaleOf({ low: 0, high: 5, log: true, top: 0, bottom: 9 }).log,
      scaleOf({ low: 1e-9, high: 5, log: true, top: 0, bottom: 9 }).log,
    ],
    [false, true],
  );
  for (const [low, log] of [
    [5000.25, false],
    [5000.25, true],
    [0, false],
    [-37.63, false],
    [1e-7, false],
  ]) {
    const scale = scaleOf({ low, high: low, log, top: 0, bottom: 100 });
    near(scale.y(low), 50, `${low}`, 0.02);
    assert.ok(priceTicks(scale, 5).ticks.length > 0);
  }
  const none = scaleOf({ low: Infinity, high: -Infinity, top: 0, bottom: 100 });
  assert.ok(Number.isFinite(none.y(0.5)));
});

test('prices on the axis are round, in view, and not more than fit', () => {
  forSeeds(300, (next) => {
    const low = (next() - 0.4) * 10 ** whole(next, -3, 5),
      high = low + next() * 10 ** whole(next, -3, 5) + 1e-6,
      about = whole(next, 2, 12);
    const log = low > 0 && next() < 0.5,
      scale = scaleOf({ low, high, log, top: 0, bottom: 300 });
    const { ticks, step } = priceTicks(scale, about);
    ticks.forEach((t, i) => {
      assert.ok(t.y >= -1e-6 && t.y <= 300 + 1e-6);
      if (i > 0) assert.ok(t.y < ticks[i - 1].y && t.price > ticks[i - 1].price);
      if (!scale.log || high / low < 5) near(t.price / step, Math.round(t.price / step), 'a multiple', 1e-6);
    });
    assert.ok(ticks.length <= 2 * about + 2, `${ticks.length} for ${about}`);
  });
  assert.deepEqual(
    [0.9, 1, 1.1, 2.2, 2.6, 7, 0.03].map(roundStep).map((v) => +v.toFixed(6)),
    [1, 1, 2, 2.5, 5, 10, 0.05],
  );
});

// step is the fewest minutes between two labels of 1m bars, of those that people count by.
const step = (pixels, room) => [1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720].find((m) => m * pixels >= room);

test('labels of time are in view, apart, round, and stay while a person pans', () => {
  forSeeds(120, (next) => {
    const zone = new Zone(next() < 0.5 ? 'America/New_York' : 'Asia/Tokyo'),
      axis = new Axis(runsOf(sessions(next, 40), '1m', zone));
    const pixels = 10 ** (next() * 4 - 3),
      room = 60,
      width = 900 / pixels;
    const shown = (from) => timeTicks(axis, zone, { from, to: from + width, pixels, room });
    const from = next() * axis.length - width / 2,
      ticks = shown(from);
    ticks.forEach((t, i) => {
      assert.ok(t.position >= from && t.position <= from + width);
      if (i > 0) assert.ok((t.position - ticks[i - 1].position) * pixels >= room - 1e-6, 'labels overlap');
      if (t.rank === 0) assert.equal((zone.parts(t.time).hour * 60 + zone.parts(t.time).minute) % step(pixels, room), 0);
      assert.notEqual(label(t, zone), '');
    });
    const level = (all) => new Set(all.map((t) => t.level));
    const other = shown(from + width * 0.1);
    if (ticks.length > 0 && other.length > 0) assert.deepEqual(level(ticks), level(other), 'the spacing changed with the pan');
  });
});

test('times of day are those of the wall clock on both sides of a change', () => {
  const zone = new Zone('America/New_York'),
    open = Date.UTC(2026, 10, 1, 0) / 1000; // crypto, through 2026-11-01 02:00
  const axis = new Axis(runsOf([{ date: '2026-11-01', anchor: open, open, close: open + 86400, pauses: [] }], '5m', zone));
  const ticks = timeTicks(axis, zone, { from: 0, to: axis.length, pixels: 4, room: 60 }).filter((t) => t.rank === 0);
  assert.ok(ticks.length > 5);
  for (const t of ticks) assert.equal(zone.parts(t.time).minute % 30, 0);
});

test('a view keeps what is under the pointer, and never leaves the axis', () => {
  forSeeds(400, (next) => {
    let view = new Viewport({
      length: whole(next, 0, 5000),
      width: whole(next, 1, 2000),
      left: next() * 5000,
      pixels: 10 ** (next() * 4 - 2),
    });
    for (let k = 0; k < 20; k++) {
      const x = next() * view.width,
        before = view.position(x),
        act = whole(next, 0, 3);
      if (act === 0) view = view.pan((next() - 0.5) * 4000);
      if (act === 1) view = view.zoom(0.2 + next() * 4, x);
      if (act === 2) view = view.resized(whole(next, 1, 2000));
      if (act === 3) view = view.fit(next() * view.length, next() * view.length);
      near(view.position(view.x(before)), before, 'inverse', 1e-6);
      assert.ok(view.pixels > 0 && view.right - view.left <= most + 1 && Number.isFinite(view.left));
      if (view.length > 0) assert.ok(view.right > 0 && view.left < view.length, 'nothing is in view');
    }
  });
  const view = new Viewport({ length: 10_000, width: 800, left: 5000, pixels: 4 }),
    x = 300;
  near(view.zoom(1.7, x).position(x), view.position(x), 'the position under the pointer');
  near(view.pan(100).left, view.left - 25, 'a pan');
});

test('a view holds its bars when older ones get slots, and follows newer ones', () => {
  const view = new Viewport({ length: 1000, width: 400, left: 500, pixels: 4 });
  near(view.on(1010, (p) => p + 10).left, 510, 'ten slots before it');
  const end = view.end();
  assert.equal(end.on(1005, (p) => p).right, end.right + 5);
});

test('pages join without doubles and without losses', () => {
  forSeeds(200, (next) => {
    const all = Array.from({ length: whole(next, 0, 60) }, (_, i) => i * 60);
    const pick = (from, to) => all.filter((t) => t >= from && t < to);
    const answer = (ts, close) => ({ ts, open: ts, high: ts, low: ts, close: ts.map(() => close), volume: ts.map(() => null) });
    const [a, b, c, d] = Array.from({ length: 4 }, () => whole(next, 0, 61) * 60).sort((x, y) => x - y);
    const back = next() < 0.5,
      second = pick(b, d);
    const joined = Bars.from(answer(pick(a, c), 1)).join(Bars.from(answer(back ? second.toReversed() : second, 2)), b, d);
    assert.deepEqual([...joined.time.subarray(0, joined.n)], pick(a, d));
    joined.time.forEach((t, i) => assert.equal(joined.close[i], t >= b ? 2 : 1));
    const within = Bars.from(answer(pick(a, d), 1)).join(Bars.from(answer(pick(b, c), 2)), b, c);
    assert.deepEqual([...within.time], pick(a, d), 'a page in the middle');
    within.time.forEach((t, i) => assert.equal(within.close[i], t >= b && t < c ? 2 : 1));
    assert.deepEqual([...within.join(new Bars(0), b, c).time], [...pick(a, b), ...pick(c, d)], 'bars that are gone');
    assert.ok(joined.volume.every(Number.isNaN), 'a volume that is not given is no 0');
  });
  const bars = Bars.from({
    ts: [5],
    open: [1],
    high: [1],
    low: [1],
    close: [1],
    volume: [0],
    flags: [['incomplete', 'negative']],
    base_bars: [3],
    base_due: [4],
  });
  assert.ok(bars.flags[0] & incomplete);
  assert.deepEqual([flagsOf(bars.flags[0]), bars.base[0], bars.due[0], bars.volume[0]], [['negative', 'incomplete'], 3, 4, 0]);
  assert.equal(Bars.from({}).n, 0);
});

test('numbers are written as people write them', () => {
  assert.deepEqual([0.25, 0.00005, 1, 0.1, 0.005, 5].map(decimalsOf), [2, 5, 0, 1, 3, 0]);
  assert.deepEqual([[120.3700027], [1.0831], [1.08, 1.0815], [0.00001234], [], [35.79]].map(decimalsFor), [2, 4, 4, 8, 2, 2]);
  assert.equal(price(-37.63, 2), '\u221237.63');
  assert.equal(price(5740, 2), '5,740.00');
  assert.deepEqual([0, 950, 12_500, 1_000_000, 3_249_000, 2.5e9, 999_999].map(short), [
    '0',
    '950',
    '12.5K',
    '1M',
    '3.2M',
    '2.5B',
    '1M',
  ]);
  assert.deepEqual([volume(NaN), volume(0)], ['not given', '0']);
});

test('an address is read as it was written', () => {
  const read = (address) => {
    const [path, query] = address.slice(1).split('?');
    return choiceOf({ path: path.split('/').slice(2).map(decodeURIComponent), query: new URLSearchParams(query ?? '') });
  };
  forSeeds(100, (next) => {
    const windowed = next() < 0.5,
      choice = {
        instrument: ['ES', 'EURUSD=X', '^GSPC', 'BRK-B', '7203.T'][whole(next, 0, 4)],
        timeframe: '1h',
        adjust: ['split', 'none', 'total'][whole(next, 0, 2)],
        log: next() < 0.5,
        asOf: next() < 0.5 ? whole(next, 1, 2e9) : null,
        from: windowed ? whole(next, -1e9, 1e9) : null,
        to: windowed ? whole(next, 1e9, 2e9) : null,
      };
    assert.deepEqual(read(addressOf(choice)), choice);
  });
  assert.deepEqual(read('#/chart'), {
    instrument: null,
    timeframe: null,
    adjust: 'split',
    log: false,
    asOf: null,
    from: null,
    to: null,
  });
  assert.equal(read('#/chart/ES/1h?adjust=wrong&from=yesterday&to=2026-01-01').from, null);
});
