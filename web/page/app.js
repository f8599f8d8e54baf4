// The shell: which view is shown, the connection, and the theme. Views are modules in views/, each with
//
//   export function show(root, { params, api, live, signal, navigate, announce })
//
// It builds its DOM into root and works until the signal aborts. params.path are the parts of the route after the view's name
// (#/chart/ES/1h: ['ES', '1h']), params.query is a URLSearchParams.
import { askToken } from './dialog.js';
import { el, onAction, patch } from './dom.js';
import { clock, duration } from './format.js';
import { ApiError, explain, makeApi } from './api.js';
import { makeLive } from './live.js';

const main = document.getElementById('main');
const views = {
  today: () => import('./views/today.js'),
  coverage: () => Promise.all([import('./views/coverage.js'), import('./grid.js'), import('./pattern.js')]).then(([view]) => view),
  chart: () => import('./views/chart.js'),
  runs: () => import('./views/runs.js'),
  instrument: () => import('./views/instrument.js'),
};
const titles = { today: 'Today', coverage: 'Coverage', chart: 'Chart', runs: 'Runs', instrument: 'Instruments' };

const api = makeApi(askToken);
const forever = new AbortController().signal;
const live = makeLive(api, forever);
let current = new AbortController();
const readFor = 3_000; // milliseconds
let readAt = null; // when what the view shows was read, by the server's clock; null where it tells by itself

/** Goes to a route such as #/runs/12. */
function navigate(hash) {
  location.hash = hash;
}

/** Says something to those who listen to the page. */
function announce(text) {
  document.getElementById('announcer').textContent = text;
}

/** The parts of a route. */
function routeOf(hash) {
  const [path, query] = hash.replace(/^#\/?/, '').split('?');
  const [name, ...rest] = path.split('/').filter(Boolean).map(decodeURIComponent);
  return { name: name ?? 'today', params: { path: rest, query: new URLSearchParams(query ?? '') } };
}

async function go() {
  const { name, params } = routeOf(location.hash);
  current.abort();
  current = new AbortController();
  readAt = null;
  showConnection(); // of what was shown until now nothing stays
  const { signal } = current;
  const title = titles[name];
  document.title = title ? `${title}${params.path.length ? ` ${params.path.join(' ')}` : ''} - Barkeep` : 'Barkeep';
  for (const link of document.querySelectorAll('[data-view]')) {
    if (link.dataset.view === name) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  if (!title) return lost();
  const root = el('div', { class: `view view-${name}`, 'data-testid': `view-${name}` });
  main.replaceChildren(root);
  try {
    // Views count from the server's clock, since a browser's may be off; Today waits for it by itself.
    const [view] = await Promise.all([views[name]().catch(notLoaded), name !== 'today' && live.heard]);
    if (!signal.aborted) await view.show(root, { params, api, live, signal, navigate, announce, shown: () => shown(signal) });
  } catch (error) {
    if (!signal.aborted) failed(root, error);
  }
}

// What a view shows was read now: it gets older from then on.
function shown(signal) {
  if (signal.aborted) return;
  readAt = live.now() ?? readAt;
  showConnection();
}

function notLoaded(error) {
  if (!(error instanceof TypeError)) throw error; // it was loaded, and is wrong
  throw new ApiError({
    status: 0,
    title: 'Not loaded',
    detail: `This view could not be loaded from Barkeep at ${location.host}. It is tried again when Barkeep answers.`,
    reload: true, // a browser remembers that a module could not be had
  });
}

function failed(root, error) {
  patch(
    root,
    el('h1', {}, 'This view could not be shown'),
    el('p', { class: 'fault', role: 'alert' }, explain(error)),
    el('p', {}, el('button', { type: 'button', 'data-action': 'again' }, 'Try again')),
  );
  const again = error.problem?.reload ? () => location.reload() : go;
  onAction(root, { again }, current.signal);
  if (error.problem?.status !== 0) return;
  const at = performance.now(); // nobody answered; whoever does now is asked again, after a moment in which a person reads this
  live.subscribe(() => {
    if (live.isFresh() && live.answered > at + readFor) again();
  }, current.signal);
}

function lost() {
  patch(
    main,
    el('h1', {}, 'There is no such view'),
    el('p', {}, 'What there is stands above. ', el('a', { href: '#/' }, 'Go to Today'), '.'),
  );
}

// The connection tells at each moment how old the page is.
function showConnection() {
  const node = document.getElementById('connection'),
    banner = document.getElementById('banner');
  const now = live.now(),
    fresh = live.isFresh();
  patch(
    node,
    now === null
      ? 'Connecting'
      : [
          el('span', { class: `dot ${fresh ? 'good' : 'bad'}`, 'aria-hidden': 'true' }),
          fresh ? 'Live ' : 'As of ',
          el('time', {}, clock(fresh ? now : live.since(), undefined, true)),
          el('span', { class: 'muted wide' }, ` ${clock(fresh ? now : live.since(), 'UTC')}`),
        ],
  );
  const stale = staleness(now, fresh),
    today = routeOf(location.hash).name === 'today';
  banner.hidden = !stale || (today && !api.isLocked()); // Today says it by itself, and larger
  patch(banner, stale ?? []);
  main.classList.toggle('stale', Boolean(stale) && !today && now !== null);
  const read = document.getElementById('read');
  read.hidden = readAt === null;
  patch(read, readAt === null ? [] : `Read at ${clock(readAt, undefined, true)} (${clock(readAt, 'UTC')}).`);
}

function staleness(now, fresh) {
  if (api.isLocked()) {
    return [
      'Nothing is shown, since this Barkeep asks for a token to read. ',
      el('button', { type: 'button', 'data-action': 'unlock', 'data-testid': 'unlock' }, 'Enter the token'),
    ];
  }
  if (live.answered === null && !live.error) return null;
  const archive = live.archive();
  if (fresh && (archive?.present || !live.status)) return null;
  const why = !fresh
    ? live.error
      ? explain(live.error)
      : 'Nothing was heard for a while.'
    : 'The archive does not answer; Today says more.';
  if (now === null) return why;
  const at = Math.min(readAt ?? Infinity, fresh ? (archive?.at ?? now) : live.since());
  return [
    `${why} What is shown is as of ${clock(at, undefined, true)} (${clock(at, 'UTC')}), ${duration((now - at) / 1000)} ago.`,
  ];
}

const themes = ['auto', 'light', 'dark'];
function setTheme(theme) {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  document.getElementById('theme').replaceChildren(el('span', { class: 'wide' }, 'Theme: '), theme);
  localStorage.setItem('theme', theme);
}

document.getElementById('theme').addEventListener('click', () => {
  const now = document.documentElement.dataset.theme ?? 'auto';
  setTheme(themes[(themes.indexOf(now) + 1) % themes.length]);
  dispatchEvent(new Event('themechange')); // for what is drawn on a canvas
});
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault(); // the hash is the route
  main.focus();
});
onAction(
  document.getElementById('banner'),
  {
    unlock() {
      api.unlock();
      live.look();
      go();
    },
  },
  forever,
);
addEventListener('hashchange', () => {
  go();
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
});
const remembered = localStorage.getItem('theme');
setTheme(themes.includes(remembered) ? remembered : 'auto');
live.subscribe(showConnection, forever);
go();
