// Where everything stands in the drawing, in pixels.

/** layoutOf divides a drawing into panes, for texts of a size and labels of a width; with or without one for volumes. */
export function layoutOf(width, height, size, labels, volumes = true) {
  const axis = Math.ceil((labels + 14) / 8) * 8;
  const time = { top: height - Math.round(size * 2), bottom: height };
  const volume = { top: time.top - (volumes ? Math.round((height - size * 2) * 0.17) : 0), bottom: time.top };
  const lane = { top: volume.top - Math.round(size * 1.5), bottom: volume.top };
  return {
    width,
    height,
    size,
    plot: Math.max(1, width - axis),
    price: { top: Math.round(size * 0.7), bottom: lane.top - 2 },
    lane,
    volume,
    time,
  };
}
