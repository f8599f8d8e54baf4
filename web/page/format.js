// How values are written for people. Every time has its zone, every number its unit.

const pacific = 'America/Los_Angeles';
const formats = new Map();

function parts(date, zone) {
  if (!formats.has(zone)) {
    formats.set(
      zone,
      new Intl.DateTimeFormat('en-US', {
        timeZone: zone,
        weekday: 'short',
        day: 'numeric',
        month: 'short',
        year: 'numeric',
        hour: '2-digit',
        minute: '2-digit',
        second: '2-digit',
        hourCycle: 'h23',
        timeZoneName: 'short',
      }),
    );
  }
  return Object.fromEntries(
    formats
      .get(zone)
      .formatToParts(date)
      .map((p) => [p.type, p.value]),
  );
}

/** An instant of the API ({utc, pacific}), a text or a number of milliseconds as a Date; null for none. */
export function dateOf(instant) {
  if (instant === null || instant === undefined) return null;
  return new Date(instant.utc ?? instant);
}

/** "Fri 27 Nov", with the year where it is not that of `now`. */
export function day(instant, zone = pacific, now = Date.now()) {
  const p = parts(dateOf(instant), zone);
  return `${p.weekday} ${p.day} ${p.month}${p.year === parts(new Date(now), zone).year ? '' : ` ${p.year}`}`;
}

/** "14:05 PST", with seconds where asked for. */
export function clock(instant, zone = pacific, seconds = false) {
  const p = parts(dateOf(instant), zone);
  return `${p.hour}:${p.minute}${seconds ? `:${p.second}` : ''} ${p.timeZoneName}`;
}

/** "Fri 27 Nov 14:05 PST". */
export function dayClock(instant, zone = pacific) {
  return instant ? `${day(instant, zone)} ${clock(instant, zone)}` : 'never';
}

/** "Fri 27 Nov 14:05 PST (22:05 UTC)"; the date of UTC too, where it is another one. */
export function both(instant) {
  if (!instant) return 'never';
  const there = day(instant, 'UTC');
  return `${dayClock(instant)} (${there === day(instant) ? '' : `${there} `}${clock(instant, 'UTC')})`;
}

/** The start of a bar: of daily and longer ones the date by the exchange's clock, else the moment. */
export function barStart(instant, timeframe, zone) {
  if (!instant) return 'none';
  return /\d(d|wk|mo)$/.test(timeframe) ? day(instant, zone || 'UTC') : dayClock(instant);
}

/** A calendar date such as 2026-11-27 as "Fri 27 Nov 2026". */
export function calendarDay(date) {
  const p = parts(new Date(`${date}T12:00:00Z`), 'UTC');
  return `${p.weekday} ${p.day} ${p.month} ${p.year}`;
}

/** The date in a zone, such as 2026-11-27. */
export function dateIn(instant, zone) {
  return new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(
    dateOf(instant),
  );
}

/** A length of time as people say it: "8 s", "3 min 20 s", "2 h 5 min", "3 days". */
export function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (seconds > 0 && seconds < 0.95) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (s < 60) return `${s} s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 10) return s % 60 ? `${minutes} min ${s % 60} s` : `${minutes} min`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.round(hours / 24)} days`;
}

/** "2 h 05 min 09 s" to the second, for a countdown: its width does not jump. */
export function countdown(seconds) {
  const s = Math.max(0, Math.ceil(seconds)),
    two = (n) => String(n).padStart(2, '0');
  const days = Math.floor(s / 86400),
    hours = Math.floor(s / 3600) % 24,
    minutes = Math.floor(s / 60) % 60;
  if (days > 0) return `${plural(days, 'day')} ${two(hours)} h ${two(minutes)} min`;
  if (hours > 0) return `${hours} h ${two(minutes)} min ${two(s % 60)} s`;
  return minutes > 0 ? `${minutes} min ${two(s % 60)} s` : `${s} s`;
}

const whole = new Intl.NumberFormat('en-US');

/** 39,742 */
export function count(n) {
  return whole.format(n);
}

/** "1 bar", "39,742 bars", "2 series". */
export function plural(n, noun) {
  return `${count(n)} ${n === 1 || noun.endsWith('series') ? noun : `${noun}s`}`;
}

/** "12.4 GB" */
export function bytes(n) {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let i = 0;
  for (; n >= 1000 && i < units.length - 1; i++) n /= 1000;
  return `${i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[i]}`;
}

/** A price as it is, with at most 8 digits after the point. */
export function price(n) {
  return n === null || n === undefined ? 'none' : new Intl.NumberFormat('en-US', { maximumFractionDigits: 8 }).format(n);
}

/** "99.98 %", never rounded up to a whole that is not there. */
export function share(part, all) {
  if (!all) return 'nothing due';
  if (part === all) return '100 %';
  return `${(Math.floor((part / all) * 10000) / 100).toFixed(2)} %`;
}

/** "ES, NQ and 4 more". */
export function names(all, most = 4) {
  if (all.length <= most + 1) return all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;
  return `${all.slice(0, most).join(', ')} and ${all.length - most} more`;
}

/** A text as a sentence: with a capital at its beginning and a stop at its end; '' for none. */
export function sentence(text) {
  return text ? `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}` : '';
}
