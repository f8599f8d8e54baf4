import assert from 'node:assert/strict';
import test from 'node:test';

import { Axis, rank } from '../../page/chart/axis.js';
import { label } from '../../page/chart/format.js';
import { lengthOf, periodOf, runsOf, timeframes, trimmed, withExtra } from '../../page/chart/grid.js';
import { holesOf } from '../../page/chart/holes.js';
import { timeTicks } from '../../page/chart/ticks.js';
import { Zone } from '../../page/chart/zone.js';
import { forSeeds, near, sessions, whole } from './support.mjs';

const utc = new Zone('UTC'),
  newYork = new Zone('America/New_York'),
  intraday = timeframes.filter((t) => lengthOf(t) > 0);
const axisOf = (all, timeframe, zone = utc) => new Axis(runsOf(all, timeframe, zone));

// trades tells, by the rule of the archive (calendar.Session.TradesDuring), whether a bar is expected.
function trades(s, start, length) {
  if (start >= s.close || start + length <= s.open) return false;
  return !s.pauses.some((p) => start >= p.from && start + length <= p.to);
}

test('slots are the bars that the archive expects', () => {
  forSeeds(300, (next) => {
    const all = sessions(next, 8),
      timeframe = intraday[whole(next, 0, intraday.length - 1)],
      length = lengthOf(timeframe);
    const expected = [];
    for (const s of all) for (let t = s.anchor; t < s.close; t += length) if (trades(s, t, length)) expected.push(t);
    const axis = axisOf(all, timeframe),
      slots = [];
    for (let p = 0; p < axis.length; p++) slots.push(axis.slot(p).start);
    assert.deepEqual(slots, expected);
  });
});

test('time to position to time is the same instant, in every slot', () => {
  forSeeds(200, (next) => {
    const timeframe = timeframes[whole(next, 0, timeframes.length - 1)];
    const axis = axisOf(sessions(next), timeframe, next() < 0.5 ? utc : newYork);
    for (let k = 0; k < 50 && axis.length > 0; k++) {
      const slot = axis.slot(whole(next, 0, axis.length - 1)),
        t = slot.start + next() * (slot.end - slot.start) * 0.999;
      near(axis.time(axis.position(t)), t, 'instant', 1e-12);
      const p = next() * axis.length;
      near(axis.position(axis.time(p)), p, 'position', 1e-6);
    }
  });
});

test('later is never further left, and closed hours have no width', () => {
  forSeeds(200, (next) => {
    const all = sessions(next),
      axis = axisOf(all, '1m');
    const times = Float64Array.from(
      { length: 400 },
      () => all[0].open - 1e5 + next() * (all.at(-1).close - all[0].open + 2e5),
    ).sort();
    const positions = axis.positions(times);
    for (let i = 0; i < times.length; i++) {
      assert.equal(positions[i], axis.position(times[i]));
      if (i > 0) assert.ok(positions[i] >= positions[i - 1]);
    }
    for (let i = 1; i < all.length; i++)
      assert.equal(axis.position(all[i].open), axis.position(all[i - 1].close), 'between two sessions');
    for (const s of all) {
      for (const p of s.pauses) near(axis.position(p.to), axis.position(p.from), 'a pause');
      near(
        axis.position(s.close) - axis.position(s.open),
        (s.close - s.open - s.pauses.reduce((n, p) => n + p.to - p.from, 0)) / 60,
        'minutes of a session',
        1e-6,
      );
    }
  });
});

test('a missing bar moves no other one', () => {
  forSeeds(100, (next) => {
    const axis = axisOf(sessions(next), '5m'),
      starts = [];
    for (let p = 0; p < axis.length; p++) starts.push(axis.slot(p).start);
    const kept = Float64Array.from(starts.filter(() => next() < 0.7)),
      all = new Axis(withExtra(axis.runs, kept, 300, () => '2020-01-01'));
    assert.equal(all.length, axis.length);
    const positions = all.positions(kept);
    kept.forEach((t, i) => assert.equal(positions[i], starts.indexOf(t)));
    // What no bar fills is a hole, all of it and nothing else.
    const filled = new Set(positions),
      holes = holesOf(positions, kept.length, [], 0, all.length),
      empty = new Set();
    for (const h of holes) for (let p = h.from; p < h.to; p++) empty.add(p);
    for (let p = 0; p < all.length; p++) assert.equal(empty.has(p), !filled.has(p), `slot ${p}`);
  });
});

test('a hole has the reason of its gap, and none where no gap tells', () => {
  const gaps = [
    { from: 2, to: 4, reason: 'late' },
    { from: 4, to: 5, reason: 'failed' },
  ];
  assert.deepEqual(holesOf([0, 1, 7], 3, gaps, 0, 9), [
    { from: 2, to: 4, gap: gaps[0] },
    { from: 4, to: 5, gap: gaps[1] },
    { from: 5, to: 7, gap: null },
    { from: 8, to: 9, gap: null },
  ]);
  assert.deepEqual(holesOf([], 0, [], 3, 3), []);
  assert.deepEqual(holesOf([], 0, [], 0, 2), [{ from: 0, to: 2, gap: null }]);
  assert.deepEqual(holesOf([0, 1.5, 3], 3, [], 0, 4), [], 'bars off the grid leave no room for another one');
  assert.deepEqual(holesOf([0, 1.5, 3], 3, [{ from: 1, to: 2, reason: 'late' }], 0, 4), [], 'nor a gap');
});

test('holes are apart, in order, and all that no bar fills, whatever the gaps are', () => {
  forSeeds(300, (next) => {
    const n = whole(next, 0, 60),
      bars = Float64Array.from({ length: n }, (_, i) => i).filter(() => next() < 0.5),
      gaps = [];
    for (let p = 0; p < n; p += whole(next, 1, 9)) gaps.push({ from: p, to: p + whole(next, 1, 12) });
    const holes = holesOf(bars, bars.length, gaps, 0, n),
      seen = new Array(n).fill(0);
    for (const h of holes) {
      for (let p = h.from; p < h.to; p++) seen[p]++;
      if (h.gap) assert.ok(h.from >= h.gap.from && h.to <= h.gap.to);
      else assert.ok(!gaps.some((g) => g.from < h.to && g.to > h.from), 'a gap tells of it');
    }
    assert.deepEqual(
      seen,
      seen.map((_, p) => (bars.includes(p) ? 0 : 1)),
    );
    for (let i = 1; i < holes.length; i++) assert.ok(holes[i].from >= holes[i - 1].to);
  });
});

test('bars of closed hours get slots of their own', () => {
  forSeeds(200, (next) => {
    const all = sessions(next),
      runs = runsOf(all, '5m', utc),
      bars = new Set();
    for (let k = 0; k < 60; k++) bars.add(all[0].open - 86400 + whole(next, 0, 10000) * 60);
    const starts = Float64Array.from(bars).sort(),
      axis = new Axis(withExtra(runs, starts, 300, () => '2020-01-01'));
    for (let i = 1; i < axis.runs.length; i++) assert.ok(axis.runs[i].start >= axis.runs[i - 1].end, 'runs are apart');
    const positions = axis.positions(starts);
    for (let i = 0; i < starts.length; i++) {
      assert.ok(axis.has(starts[i]));
      near(axis.time(positions[i]), starts[i], 'start', 1e-12);
      if (i > 0) assert.ok(positions[i] > positions[i - 1], 'no two bars share a position');
    }
    assert.ok(axis.length >= new Axis(runs).length);
  });
});

test('sessions across a change of clocks keep their hours', () => {
  // CME: 18:00 to 17:00 New York, over the weekend of 2026-11-01 and that of 2026-03-08.
  for (const [date, day] of [
    ['2026-11-02', 1],
    ['2026-03-09', 8],
  ]) {
    const [year, month] = date.split('-').map(Number);
    const before = {
      date: 'x',
      open: newYork.midnight(year, month, day - 2) - 6 * 3600,
      close: newYork.midnight(year, month, day - 1) - 7 * 3600,
    };
    const open = newYork.midnight(year, month, day + 1) - 6 * 3600,
      close = newYork.midnight(year, month, day + 1) + 17 * 3600;
    const whole = [before, { open, close }].map((s) => ({ date, anchor: s.open, pauses: [], ...s }));
    const axis = axisOf(whole, '1h');
    assert.equal(axis.length, 46);
    assert.equal(newYork.parts(axis.slot(23).start).hour, 18);
    assert.equal(newYork.parts(axis.slot(45).start).hour, 16);
  }
  // Crypto trades through the change: a day of 25 or 23 hours in New York, and of 24 in UTC.
  const hours = (from, to) => (newYork.midnight(...to) - newYork.midnight(...from)) / 3600;
  assert.equal(hours([2026, 11, 1], [2026, 11, 2]), 25);
  assert.equal(hours([2026, 3, 8], [2026, 3, 9]), 23);
  assert.equal(newYork.abbreviation(newYork.midnight(2026, 11, 1)), 'EDT');
  assert.equal(newYork.abbreviation(newYork.midnight(2026, 11, 2)), 'EST');
});

test('offsets of zones are those of the browser, at every hour of years', () => {
  for (const name of [
    'America/New_York',
    'Europe/London',
    'Asia/Tokyo',
    'Australia/Lord_Howe',
    'America/Sao_Paulo',
    'Asia/Beirut',
  ]) {
    const zone = new Zone(name);
    for (let t = Date.UTC(2017, 11, 20) / 1000; t < Date.UTC(2019, 0, 10) / 1000; t += 3600) {
      const p = zone.parts(t),
        q = {};
      for (const { type, value } of zone.format.formatToParts(t * 1000)) q[type] = Number(value);
      assert.deepEqual([p.year, p.month, p.day, p.hour, p.minute], [q.year, q.month, q.day, q.hour, q.minute], `${name} at ${t}`);
    }
    for (let d = 1; d <= 365; d++) {
      // Sao Paulo and Beirut skip a midnight
      const t = zone.midnight(2018, 1, d),
        before = zone.parts(t - 1),
        at = zone.parts(t);
      assert.notEqual(before.day, at.day, `${name} on day ${d}`);
      assert.ok(at.hour <= 1);
    }
  }
});

test('dates, weeks, months and quarters have one slot each where a daily bar is due', () => {
  forSeeds(100, (next) => {
    const all = sessions(next, 60);
    for (const timeframe of ['1d', '1wk', '1mo', '3mo']) {
      const expected = [...new Set(all.filter((s) => !s.settledNext).map((s) => periodOf(s.date, timeframe)))];
      const axis = axisOf(all, timeframe, newYork);
      assert.deepEqual(
        axis.runs.map((r) => r.date),
        expected,
      );
      axis.runs.forEach((r) => {
        const p = newYork.parts(r.start);
        assert.equal(`${p.year}-${String(p.month).padStart(2, '0')}-${String(p.day).padStart(2, '0')} ${p.hour}`, `${r.date} 0`);
      });
    }
  });
  assert.equal(periodOf('2026-03-01', '1wk'), '2026-02-23');
  assert.equal(periodOf('2026-12-31', '3mo'), '2026-10-01');
});

test('a trimmed axis has the slots of its extent', () => {
  forSeeds(200, (next) => {
    const runs = runsOf(sessions(next), '5m', utc),
      whole = new Axis(runs);
    const some = runs[Math.floor(next() * runs.length)]; // an extent may begin just after the end of a run
    const from = next() < 0.5 ? whole.time(next() * whole.length) : some.end + Math.floor(next() * 3) * 60,
      to = from + next() * 5e5,
      part = new Axis(trimmed(runs, from, to));
    const slots = (axis) => Array.from({ length: axis.length }, (_, p) => axis.slot(p)).map((s) => [s.start, s.end]);
    assert.deepEqual(
      slots(part),
      slots(whole).filter(([start, end]) => end > from && start < to),
    );
  });
});

test('what begins with a session is told by its date', () => {
  const session = (date) => ({
    date,
    anchor: Date.parse(date) / 1000,
    open: Date.parse(date) / 1000,
    close: Date.parse(date) / 1000 + 7200,
    pauses: [{ from: Date.parse(date) / 1000 + 3600, to: Date.parse(date) / 1000 + 5400 }],
  });
  const axis = axisOf(
    ['2026-11-26', '2026-11-27', '2026-11-30', '2026-12-01', '2026-12-31', '2027-01-01', '2027-01-04'].map(session),
    '5m',
  );
  assert.deepEqual(
    [...axis.ranks],
    [rank.day, 0, rank.day, 0, rank.week, 0, rank.month, 0, rank.week, 0, rank.year, 0, rank.week, 0],
  );
  const labels = (pixels) => timeTicks(axis, utc, { from: 0, to: axis.length, pixels, room: 50 }).map((t) => label(t, utc));
  assert.deepEqual(labels(3), ['Thu 26', 'Fri 27', 'Mon 30', '1 Dec', 'Thu 31', '1 Jan 2027', 'Mon 4']);
  assert.deepEqual(labels(1.5), ['Dec', '2027']);
});

test('without sessions, and with one bar', () => {
  const none = new Axis([]);
  assert.deepEqual([none.length, none.position(5), none.time(3), none.slot(0), none.has(0)], [0, 0, 0, null, false]);
  const one = new Axis(withExtra([], [1000], 60, () => '1970-01-01'));
  assert.deepEqual([one.length, one.position(1000), one.position(999), one.position(1060), one.time(0.5)], [1, 0, 0, 1, 1030]);
});
