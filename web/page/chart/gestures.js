// What a person does with mouse, fingers and keys, as a few calls: pan(pixels), zoom(factor, x), point(x, y), leave(), tap(x, y)
// and key(name, shift), which returns whether it did something.

const slack = 4; // pixels that a finger or mouse may move in a tap

/** listen tells the handlers of what happens on an element, until the signal aborts. */
export function listen(element, handlers, signal) {
  const pointers = new Map();
  let moved = 0;
  const at = (event) => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const on = (name, act, options) => element.addEventListener(name, act, { signal, ...options });

  on('pointerdown', (event) => {
    if (event.pointerType === 'mouse' && event.button !== 0) return;
    pointers.set(event.pointerId, at(event));
    moved = pointers.size > 1 ? Infinity : 0;
    element.setPointerCapture(event.pointerId);
  });
  on('pointermove', (event) => {
    const to = at(event),
      from = pointers.get(event.pointerId);
    if (!from) {
      if (event.pointerType === 'mouse') handlers.point(to.x, to.y);
      return;
    }
    if (pointers.size === 1) {
      moved += Math.abs(to.x - from.x) + Math.abs(to.y - from.y);
      if (moved > slack) handlers.pan(to.x - from.x);
      if (event.pointerType === 'mouse') handlers.point(to.x, to.y);
    } else {
      pinch(pointers, event.pointerId, to, handlers);
    }
    pointers.set(event.pointerId, to);
  });
  const up = (event) => {
    const from = pointers.get(event.pointerId);
    if (!from || !pointers.delete(event.pointerId)) return;
    if (event.type === 'pointerup' && moved <= slack) handlers.tap(from.x, from.y);
  };
  on('pointerup', up);
  on('pointercancel', up);
  on('pointerleave', (event) => event.pointerType === 'mouse' && pointers.size === 0 && handlers.leave());
  on(
    'wheel',
    (event) => {
      event.preventDefault();
      wheel(event, at(event).x, handlers, element.clientHeight);
    },
    { passive: false },
  );
  on('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (handlers.key(event.key, event.shiftKey)) event.preventDefault();
  });
}

// pinch zooms by how far two fingers move apart, and pans with their middle.
function pinch(pointers, id, to, handlers) {
  const other = [...pointers].find(([key]) => key !== id)[1],
    from = pointers.get(id);
  const before = Math.abs(from.x - other.x),
    after = Math.abs(to.x - other.x);
  const middle = (to.x + other.x) / 2;
  handlers.pan(middle - (from.x + other.x) / 2);
  if (before > 8 && after > 8) handlers.zoom(after / before, middle);
}

// wheel zooms, and pans sideways. Its steps come in pixels, lines or pages.
function wheel(event, x, handlers, page) {
  const unit = [1, 16, page][event.deltaMode] ?? 1;
  const across = (event.shiftKey ? event.deltaY || event.deltaX : event.deltaX) * unit,
    along = event.shiftKey ? 0 : event.deltaY * unit;
  if (Math.abs(across) > Math.abs(along)) handlers.pan(-across);
  else if (along !== 0) handlers.zoom(Math.exp(-Math.max(-200, Math.min(200, along)) * (event.ctrlKey ? 0.01 : 0.002)), x);
}
