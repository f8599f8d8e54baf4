// The room on the axis that no bar fills, with the reason why.

/**
 * holesOf are the spans of at least a slot without a bar between the positions from and to, each { from, to, gap }, by position.
 * positions are those of n bars; gaps have { from, to } as positions, by from. Where no gap tells of a hole, gap is null.
 */
export function holesOf(positions, n, gaps, from, to) {
  const holes = [];
  let end = from,
    g = 0;
  const add = (low, high) => {
    if (high - low < 0.99) return;
    while (g < gaps.length && gaps[g].to <= low) g++;
    for (let k = g; k < gaps.length && gaps[k].from < high; k++) {
      const begins = Math.max(low, gaps[k].from),
        ends = Math.min(high, gaps[k].to);
      if (ends <= begins) continue;
      if (begins - low >= 0.99) holes.push({ from: low, to: begins, gap: null });
      holes.push({ from: begins, to: ends, gap: gaps[k] });
      low = ends;
    }
    if (high - low >= 0.99) holes.push({ from: low, to: high, gap: null });
  };
  for (let i = 0; i < n; i++) {
    if (positions[i] > end) add(end, positions[i]);
    end = Math.max(end, positions[i] + 1);
  }
  if (to > end) add(end, to);
  return holes;
}
