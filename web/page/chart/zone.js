// Wall clocks of a time zone. Instants are Unix seconds everywhere in this folder.

const sample = 15 * 86400; // no zone changes its clocks twice within so many seconds and back

/** Zone is a time zone by its IANA name, such as America/New_York. It throws a RangeError for an unknown one. */
export class Zone {
  #years = new Map(); // year -> [[from, offset], ...], rising
  #names = new Map(); // offset -> abbreviation

  constructor(name) {
    this.name = name;
    const options = {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    };
    this.format = new Intl.DateTimeFormat('en-US', options);
    this.short = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'short' });
    this.place = name.split('/').at(-1).replaceAll('_', ' ');
  }

  /** offsetAt is how many seconds the zone is ahead of UTC at an instant. */
  offsetAt(t) {
    const changes = this.#year(new Date(t * 1000).getUTCFullYear());
    let i = changes.length - 1;
    while (i > 0 && changes[i][0] > t) i--;
    return changes[i][1];
  }

  /** parts are what a clock and a calendar on a wall of the zone show; weekday 0 is Sunday, month 1 is January. */
  parts(t) {
    const d = new Date((t + this.offsetAt(t)) * 1000);
    return {
      year: d.getUTCFullYear(),
      month: d.getUTCMonth() + 1,
      day: d.getUTCDate(),
      weekday: d.getUTCDay(),
      hour: d.getUTCHours(),
      minute: d.getUTCMinutes(),
      second: d.getUTCSeconds(),
    };
  }

  /** midnight is the first instant of a date in the zone; day and month may overflow, as in Date.UTC. */
  midnight(year, month, day) {
    const wall = Date.UTC(year, month - 1, day) / 1000;
    // A day earlier the offset is that of before a change at midnight, which skips 00:00: then the day begins later.
    const before = wall - this.offsetAt(wall - 86400);
    const guess = wall - this.offsetAt(before);
    return guess + this.offsetAt(guess) === wall ? guess : before;
  }

  /** abbreviation is what people call the zone at an instant: EST, GMT+9. */
  abbreviation(t) {
    const offset = this.offsetAt(t),
      known = this.#names.get(offset);
    if (known) return known;
    const name = this.#name(t);
    this.#names.set(offset, name);
    return name;
  }

  #name(t) {
    return this.short.formatToParts(t * 1000).find((p) => p.type === 'timeZoneName').value;
  }

  // The browser tells offsets slowly, so the changes of a year are looked for once.
  #year(year) {
    const known = this.#years.get(year);
    if (known) return known;
    const from = Date.UTC(year, 0, 1) / 1000,
      to = Date.UTC(year + 1, 0, 1) / 1000;
    const changes = [[from, this.#ask(from)]];
    for (let t = from; t < to; t += sample) this.#changes(t, Math.min(t + sample, to), changes);
    this.#years.set(year, changes);
    return changes;
  }

  // changes appends the change in (low, high], if there is one.
  #changes(low, high, changes) {
    const after = this.#ask(high);
    if (after === changes.at(-1)[1]) return;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#ask(middle) === after) high = middle;
      else low = middle;
    }
    changes.push([high, after]);
  }

  #ask(t) {
    const p = {};
    for (const { type, value } of this.format.formatToParts(t * 1000)) p[type] = Number(value);
    return Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) / 1000 - t;
  }
}
