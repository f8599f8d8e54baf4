// Elements without a framework: `el` makes one, `patch` brings what is on the page to what should be, and leaves alone what is
// the same, so that focus, scroll and selection stay while numbers change.

/**
 * Makes an element. Attributes that are null, undefined or false are left out. Children may be nodes, texts, numbers, and lists
 * of them; what is null or false is left out.
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(
    ...children
      .flat(Infinity)
      .filter((c) => c !== null && c !== undefined && c !== false)
      .map(asNode),
  );
  return node;
}

function asNode(child) {
  return child instanceof Node ? child : document.createTextNode(String(child));
}

/** Gives a parent these children. Listeners belong on the parent (see `onAction`), since its children may be kept. */
export function patch(parent, ...children) {
  const wanted = children
    .flat(Infinity)
    .filter((c) => c !== null && c !== undefined && c !== false)
    .map(asNode);
  const present = [...parent.childNodes];
  wanted.forEach((node, i) => {
    const old = present[i];
    if (!old) parent.append(node);
    else if (!alike(old, node)) old.replaceWith(node);
    else update(old, node);
  });
  present.slice(wanted.length).forEach((node) => node.remove());
}

function alike(a, b) {
  return (
    a.nodeType === b.nodeType &&
    a.nodeName === b.nodeName &&
    a.id === b.id &&
    (a.nodeType !== Node.ELEMENT_NODE || a.getAttribute('data-key') === b.getAttribute('data-key'))
  );
}

function update(old, node) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== node.data) old.data = node.data;
    return;
  }
  for (const { name } of [...old.attributes]) {
    // A person opened it: that is no difference.
    if (!node.hasAttribute(name) && !(old.nodeName === 'DETAILS' && name === 'open')) old.removeAttribute(name);
  }
  for (const { name, value } of node.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  if (old.nodeName !== 'CANVAS') patch(old, ...node.childNodes);
}

/**
 * Calls actions[name](element) when an element with data-action="name" inside root is clicked, until the signal aborts. While a
 * promise of it is under way the element does not answer again.
 */
export function onAction(root, actions, signal) {
  root.addEventListener(
    'click',
    async (event) => {
      const target = event.target.closest('[data-action]');
      const act = target && actions[target.dataset.action];
      if (!act || target.ariaBusy === 'true') return;
      target.ariaBusy = 'true';
      try {
        await act(target);
      } finally {
        target.ariaBusy = null;
      }
    },
    { signal },
  );
}
