// What the tests share: random numbers that can be repeated, and random sessions.

import assert from 'node:assert/strict';

import { dateText } from '../../page/chart/grid.js';

/** random gives numbers in [0, 1) by a seed (mulberry32), so that a failure can be repeated. */
export function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** whole gives a whole number in [low, high]. */
export const whole = (next, low, high) => low + Math.floor(next() * (high - low + 1));

/** forSeeds runs a test with many seeds, and names the one that failed. */
export function forSeeds(n, test) {
  for (let seed = 1; seed <= n; seed++) {
    try {
      test(random(seed), seed);
    } catch (error) {
      error.message = `seed ${seed}: ${error.message}`;
      throw error;
    }
  }
}

/** sessions are n random sessions from a date on, in whole minutes, some with pauses or an anchor before the open. */
export function sessions(next, n = 20) {
  const all = [];
  let day = whole(next, 18000, 20000);
  for (let i = 0; i < n; i++) {
    day += next() < 0.7 ? 1 : whole(next, 2, 5);
    const open = day * 86400 + whole(next, 0, 600) * 60,
      minutes = whole(next, 1, 800),
      close = open + minutes * 60;
    const pauses = [];
    if (minutes > 60 && next() < 0.4) {
      const from = open + whole(next, 1, minutes - 40) * 60;
      pauses.push({ from, to: from + whole(next, 1, 30) * 60 });
    }
    const anchor = next() < 0.2 ? open - whole(next, 1, 30) * 60 : open;
    all.push({ date: dateText(1970, 1, 1 + day), anchor, open, close, pauses, settledNext: next() < 0.1 });
  }
  return all;
}

/** near asserts that two numbers are the same but for rounding. */
export function near(a, b, message, part = 1e-9) {
  assert.ok(Math.abs(a - b) <= part * Math.max(1, Math.abs(a), Math.abs(b)), `${message}: ${a} and ${b}`);
}
