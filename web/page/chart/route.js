// The address of a chart: #/chart/ES/1h?from=..&to=..&adjust=..&as_of=..&log=1

const instant = (t) => new Date(Math.round(t) * 1000).toISOString().replace('.000Z', 'Z');

// readInstant reads what instant writes, a date or Unix seconds; null for anything else.
function readInstant(text) {
  if (!text) return null;
  const t = /^-?\d+$/.test(text) ? Number(text) : Date.parse(text) / 1000;
  return Number.isFinite(t) ? t : null;
}

/** choiceOf reads the parts and the query (a URLSearchParams) of an address. What is not there is null. */
export function choiceOf({ path = [], query = new URLSearchParams() }) {
  const adjust = query.get('adjust');
  return {
    instrument: path[0] ?? null,
    timeframe: path[1] ?? null,
    adjust: ['none', 'total'].includes(adjust) ? adjust : 'split',
    log: query.get('log') === '1',
    asOf: readInstant(query.get('as_of')),
    from: readInstant(query.get('from')),
    to: readInstant(query.get('to')),
  };
}

/** addressOf writes a choice as choiceOf reads it. */
export function addressOf({ instrument, timeframe, adjust, log, asOf, from, to }) {
  const query = new URLSearchParams();
  if (from !== null && to !== null) {
    query.set('from', instant(from));
    query.set('to', instant(to));
  }
  if (adjust !== 'split') query.set('adjust', adjust);
  if (asOf !== null) query.set('as_of', instant(asOf));
  if (log) query.set('log', '1');
  const text = query.toString().replaceAll('%3A', ':');
  return `#/chart/${encodeURIComponent(instrument)}/${encodeURIComponent(timeframe)}${text ? `?${text}` : ''}`;
}
