// Questions to a person, each in one modal dialog. The browser keeps the focus inside it and gives it back afterwards.
import { el } from './dom.js';

/**
 * Asks with a form. Fields are {name, label, type, value, hint, options, required, pattern, placeholder}; the answer is an object
 * of texts (of a checkbox: true or false), or null when the person went away; with `only` there is nothing to cancel.
 * `submit(values)` may do the work while the dialog stays open: what it throws is shown (by `explain`), and the person can try again.
 */
export function askForm({ title, about = [], fields = [], yes = 'OK', danger = false, only = false, submit, explain, testid }) {
  const id = (name) => `field-${name}`;
  const error = el('p', { class: 'fault', role: 'alert', hidden: true });
  const buttons = el(
    'div',
    { class: 'buttons' },
    el('button', { type: 'submit', class: danger ? 'danger' : 'primary', 'data-testid': 'dialog-yes' }, yes),
    !only && el('button', { type: 'button', 'data-close': '', 'data-testid': 'dialog-no' }, 'Cancel'),
  );
  const form = el(
    'form',
    {},
    el('h2', { id: 'dialog-title' }, title),
    [about].flat().map((text) => (text instanceof Node ? text : el('p', {}, text))),
    fields.map((f) => row(f, id(f.name))),
    error,
    buttons,
  );
  const dialog = el('dialog', { 'aria-labelledby': 'dialog-title', 'data-testid': testid ?? 'dialog' }, form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    let answer = null;
    const close = (value) => {
      answer = value;
      dialog.close();
    };
    dialog.addEventListener(
      'close',
      () => {
        dialog.remove();
        resolve(answer);
      },
      { once: true },
    );
    form.querySelectorAll('[data-close]').forEach((node) => node.addEventListener('click', () => close(null)));
    addEventListener('hashchange', () => dialog.close(), { once: true }); // the page behind it is another one
    form.addEventListener('submit', async (event) => {
      event.preventDefault(); // nothing is sent by the form itself
      const values = read(form, fields);
      if (!submit) return close(values);
      const [send] = buttons.children;
      send.disabled = true;
      error.hidden = true;
      try {
        close({ values, result: await submit(values) });
      } catch (fault) {
        error.textContent = explain(fault);
        error.hidden = false;
        buttons.scrollIntoView({ block: 'nearest' }); // with the error above them, also where the dialog is taller than the window
      } finally {
        send.disabled = false;
      }
    });
    dialog.showModal();
    (form.querySelector('input, select') ?? buttons.lastChild).focus();
  });
}

/** Asks yes or no, with what cannot be taken back in `about`. */
export async function confirm(options) {
  return (await askForm(options)) !== null;
}

/** Asks for a token. It goes nowhere but to the caller. */
export async function askToken(name, why) {
  const about =
    name === 'API_TOKEN'
      ? 'To change something Barkeep asks for its API_TOKEN, which stands in its .env or environment.'
      : 'To show its data this Barkeep asks for its API_READ_TOKEN (or its API_TOKEN), which stands in its .env or environment.';
  const answer = await askForm({
    title: name === 'API_TOKEN' ? 'Token for changes' : 'Token for reading',
    about: [
      why && el('p', { class: 'fault', role: 'alert' }, why),
      about,
      el('p', { class: 'muted' }, 'It is kept in the memory of this tab until you close or reload it, and nowhere else.'),
    ].filter(Boolean),
    fields: [{ name: 'token', label: name, type: 'password', required: true }],
    yes: 'Use it',
    testid: 'token-dialog',
  });
  return answer ? answer.token.trim() : null;
}

function row(field, id) {
  const hint = field.hint && el('small', { id: `${id}-hint`, class: 'muted' }, field.hint);
  const shared = { id, name: field.name, 'aria-describedby': hint ? `${id}-hint` : null, required: field.required };
  if (field.type === 'checkbox') {
    return el(
      'div',
      { class: 'field check' },
      el('input', { ...shared, type: 'checkbox', checked: field.value }),
      el('label', { for: id }, field.label),
      hint,
    );
  }
  const input = field.options
    ? el(
        'select',
        shared,
        field.options.map(([value, text]) => el('option', { value, selected: value === field.value }, text)),
      )
    : el('input', {
        ...shared,
        type: field.type ?? 'text',
        value: field.value,
        pattern: field.pattern,
        placeholder: field.placeholder,
        step: field.type === 'number' ? 'any' : null,
        min: field.min,
        autocomplete: 'off',
        spellcheck: 'false',
      });
  return el('div', { class: 'field' }, el('label', { for: id }, field.label), input, hint);
}

function read(form, fields) {
  return Object.fromEntries(
    fields.map(({ name, type }) => {
      const input = form.elements[name];
      return [name, type === 'checkbox' ? input.checked : input.value.trim()];
    }),
  );
}
