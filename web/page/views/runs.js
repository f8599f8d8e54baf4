import { el, patch } from '../dom.js';

export function show(root) {
  patch(root, el('h1', {}, 'runs'));
}
