// A browser for tests in Go: one Chromium, and a context for each tab, so that tabs share neither storage nor cache. It reads a
// request from each line of its input ({id, tab, do, ...}) and writes a line for each ({id, value}, or {id, error}). It ends with
// its input.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const browser = await chromium.launch({
  executablePath: process.env.BARKEEP_TEST_CHROMIUM, // what is drawn should not depend on the machine more than it must
  args: ['--disable-dev-shm-usage', '--font-render-hinting=none', '--force-color-profile=srgb', '--disable-lcd-text'],
});
const tabs = new Map();
const large = { width: 1280, height: 800 }, phone = { width: 360, height: 740 };

// Runs in the page, before its own scripts: keeps what a test asks for later.
function watch({ hours }) {
  const seen = window.seenByTest = { shifts: [], violations: [], titles: [] };
  new PerformanceObserver((list) => list.getEntries().filter((e) => !e.hadRecentInput).forEach((e) => seen.shifts.push({
    value: e.value, nodes: e.sources.map((s) => s.node?.outerHTML?.slice(0, 120) ?? s.node?.nodeName ?? 'gone'),
  }))).observe({ type: 'layout-shift', buffered: true });
  document.addEventListener('securitypolicyviolation', (e) => seen.violations.push(`${e.violatedDirective}: ${e.blockedURI}`));
  new MutationObserver(() => {
    const title = document.querySelector('[data-testid=verdict-title]')?.textContent;
    if (title && title !== seen.titles.at(-1)) seen.titles.push(title);
    const columns = document.querySelector('[data-testid=grid]')?.getAttribute('aria-colcount');
    if (columns > 1 && !seen.cells) { // the frame that comes shows the cells of the first series
      seen.cells = -1;
      requestAnimationFrame(() => setTimeout(() => { seen.cells = performance.now(); }));
    }
  }).observe(document, { subtree: true, childList: true, characterData: true, attributeFilter: ['aria-colcount'] });
  if (!hours) return;
  const Real = Date, by = hours * 3_600_000; // a machine whose clock is off
  window.Date = class extends Real {
    constructor(...values) { if (values.length) super(...values); else super(Real.now() + by); }
    static now() { return Real.now() + by; }
  };
}

const verbs = {
  async open({ tab, url, origin, width, height, scheme, hours, slow, refusals, touch }) {
    const context = await browser.newContext({
      viewport: width ? { width, height: height ?? 740 } : large, colorScheme: scheme ?? 'light', reducedMotion: 'reduce', hasTouch: Boolean(touch), timezoneId: 'Asia/Kolkata', locale: 'de-DE',
    });
    await context.addInitScript(watch, { hours: hours ?? 0 });
    const page = await context.newPage();
    const t = { context, page, problems: [], failures: [], origin: new URL(origin ?? url).origin };
    tabs.set(tab, t);
    page.on('console', (message) => {
      // A browser calls it an error when a server refuses; whether it should be there is for the test to say.
      if (message.type() === 'error' && !(refusals && message.text().startsWith('Failed to load resource'))) {
        t.problems.push(`console: ${message.text()} (${message.location().url})`);
      }
    });
    page.on('pageerror', (error) => t.problems.push(`script: ${error.stack}`));
    page.on('requestfailed', (request) => t.failures.push(`${request.url()}: ${request.failure()?.errorText}`));
    context.on('request', (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol.startsWith('http') && origin !== t.origin) t.problems.push(`asked another host: ${request.url()}`);
    });
    if (slow) {
      const session = await context.newCDPSession(page);
      await session.send('Network.enable');
      await session.send('Network.emulateNetworkConditions', { offline: false, latency: slow, downloadThroughput: 60_000, uploadThroughput: 30_000 });
    }
    await page.goto(url, { waitUntil: slow ? 'commit' : 'load', timeout: 120_000 });
  },

  load: ({ page }, { url }) => page.goto(url, { timeout: 120_000 }).then(() => null),

  async close({ tab }) {
    await tabs.get(tab)?.context.close();
    tabs.delete(tab);
  },

  async go({ page }, { hash }) {
    await page.evaluate((to) => { window.seenByTest.shifts.length = 0; location.hash = to; }, hash);
  },

  // Waits until the text of the first element of a selector matches; what it said instead is the error.
  async read(t, { selector, matches, within }) {
    const { page } = t;
    const wanted = new RegExp(matches), node = page.locator(selector).filter({ visible: true }).first();
    let text = '';
    for (const end = Date.now() + (within ?? 60_000); ;) {
      text = await node.innerText({ timeout: 5000 }).catch((error) => `(not to be read: ${error.message.split('\n')[0]})`);
      if (wanted.test(text)) return text;
      if (Date.now() > end) throw new Error(`${selector} says ${JSON.stringify(text)}, want ${wanted}; ${await all(t)}`);
      await page.waitForTimeout(120);
    }
  },

  count: ({ page }, { selector }) => page.locator(selector).filter({ visible: true }).count(),
  click: ({ page }, { selector }) => page.locator(selector).filter({ visible: true }).first().click({ timeout: 60_000 }),
  fill: ({ page }, { selector, text }) => page.locator(selector).first().fill(text, { timeout: 60_000 }),
  choose: ({ page }, { selector, text }) => page.locator(selector).first().selectOption(text),
  press: ({ page }, { text }) => page.keyboard.press(text),
  run: ({ page }, { text }) => page.evaluate(text),

  // Moves fingers over an element, each from one point of it to another (in parts of its size); one that stays where it is taps.
  async fingers({ context, page }, { selector, moves }) {
    const box = await page.locator(selector).first().boundingBox(), session = await context.newCDPSession(page);
    const at = (part) => moves.map(({ from, to }, id) => ({
      id, x: box.x + box.width * (from[0] + (to[0] - from[0]) * part), y: box.y + box.height * (from[1] + (to[1] - from[1]) * part),
    }));
    await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: at(0) });
    const still = moves.every(({ from, to }) => from.join() === to.join());
    for (let step = 1; step <= 8 && !still; step++) await session.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: at(step / 8) });
    await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  },

  // Presses Tab so many times, and tells what had the focus each time: its role or name, and its words.
  async tabs({ page }, { times }) {
    const all = [];
    for (let i = 0; i < times; i++) {
      await page.keyboard.press('Tab');
      all.push(await page.evaluate(() => {
        const node = document.activeElement;
        const outline = node && node !== document.body && getComputedStyle(node).outlineStyle === 'none' ? ' (no outline)' : '';
        return `${node?.dataset?.testid ?? node?.nodeName.toLowerCase()}: ${(node?.getAttribute('aria-label') ?? node?.innerText ?? '').trim().slice(0, 60)}${outline}`;
      }));
    }
    return all;
  },

  // Answers the paths of a pattern itself, with a status; 0 cuts the connection, and -1 never answers. Without a status the
  // server answers, so many milliseconds later.
  async answer({ page }, { path, status, later }) {
    await page.route((url) => new RegExp(path).test(url.pathname), async (route) => {
      if (status === undefined) return page.waitForTimeout(later).then(() => route.continue()).catch(() => {}); // the tab may have been closed
      if (status === 0) return route.abort('connectionrefused');
      if (status < 0) return undefined;
      return route.fulfill({ status, contentType: 'application/problem+json', body: JSON.stringify({ type: 'about:blank', status, title: 'Internal Server Error', detail: 'the test says so' }) });
    });
  },
  forget: ({ page }) => page.unrouteAll({ behavior: 'ignoreErrors' }),

  // Milliseconds from the start of the navigation: to the first paint with contents, and to the first cells of Coverage.
  async painted({ page }) {
    await page.waitForFunction(() => window.seenByTest.cells > 0, null, { timeout: 60_000 });
    return page.evaluate(() => ({ first: performance.getEntriesByName('first-contentful-paint')[0].startTime, cells: window.seenByTest.cells }));
  },

  titles: ({ page }) => page.evaluate(() => window.seenByTest.titles),

  // Tells all that no state may have, by day, by night and on a phone. With keep the pictures of each stay, else of what is wrong.
  async look(t, { file, keep }) {
    const { page } = t, said = [...t.problems.splice(0)];
    const { shifts, violations } = await page.evaluate(() => window.seenByTest);
    const score = shifts.reduce((sum, s) => sum + s.value, 0);
    if (score >= 0.05) said.push(`layout shift ${score.toFixed(3)}: ${JSON.stringify(shifts)}`);
    said.push(...violations.map((v) => `content security policy: ${v}`));
    const size = page.viewportSize();
    for (const [name, colorScheme, viewport] of [['light', 'light', large], ['dark', 'dark', large], ['phone', 'light', phone]]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(viewport);
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      const wrong = await judged(page, name);
      if (keep || wrong.length) {
        mkdirSync(dirname(file), { recursive: true });
        await page.screenshot({ path: `${file}-${name}.png`, fullPage: true });
      }
      said.push(...wrong.map((text) => `${name}: ${text}`));
    }
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize(size);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)))); // a picture of all shifts, too
    await page.evaluate(() => { window.seenByTest.shifts.length = 0; });
    return said;
  },

  // Waits until nothing was asked for a while, and all was drawn.
  quiet: ({ page }) => page.waitForTimeout(700).then(() => null),

  // Stops what changes by itself, and puts texts in the place of those that differ each time.
  still: ({ page }, { texts }) => page.evaluate((all) => {
    for (let i = setTimeout(() => {}); i > 0; i--) clearTimeout(i);
    for (const [selector, text] of Object.entries(all)) document.querySelectorAll(selector).forEach((node) => { node.textContent = text; });
  }, texts),

  async shot({ page }, { file, selector, width, height, scheme }) {
    if (scheme) await page.emulateMedia({ colorScheme: scheme });
    if (width) await page.setViewportSize({ width, height });
    await page.mouse.move(0, 0);
    await page.evaluate(() => document.activeElement?.blur());
    mkdirSync(dirname(file), { recursive: true });
    await (selector ? page.locator(selector).first() : page).screenshot({ path: file, animations: 'disabled', caret: 'hide' });
  },
};

// What axe-core finds, and whether one must scroll sideways. At night only colours differ, and on a phone all but them.
async function judged(page, name) {
  if (!(await page.evaluate(() => Boolean(globalThis.axe)))) await page.evaluate(axe);
  const found = await page.evaluate((options) => globalThis.axe.run(document, options), {
    resultTypes: ['violations'], rules: { 'color-contrast': { enabled: name !== 'phone' } }, ...(name === 'dark' ? { runOnly: ['color-contrast'] } : { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }),
  });
  const said = found.violations.map((v) => `axe ${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => `${n.target.join(' ')} ${n.failureSummary?.split('\n')[1] ?? ''}`).join('; ')}`);
  if (name === 'phone') {
    const rows = await page.evaluate(() => [...document.querySelectorAll('main .scroll')].filter((n) => n.scrollWidth > n.clientWidth + 1)
      .map((n) => `${n.getAttribute('aria-label') ?? n.getAttribute('aria-labelledby')} by ${n.scrollWidth - n.clientWidth} px`));
    said.push(...rows.map((text) => `one must scroll sideways in ${text}`));
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0) {
    const nodes = await page.evaluate(() => [...document.querySelectorAll('main *')].filter((n) => n.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5 && !n.closest('.scroll, .grid'))
      .slice(0, 3).map((n) => n.outerHTML.slice(0, 120)));
    said.push(`${wide} px too wide: ${nodes.join(' ')}`);
  }
  return said;
}

// What a person sees of the whole page, and what its console said: beside a failure.
async function all({ page, problems, failures }) {
  const late = new Promise((done) => setTimeout(done, 10_000, '(it does not answer)'));
  const text = await Promise.race([page.evaluate(() => document.body.innerText).catch((error) => error.message), late]);
  return `the page says ${JSON.stringify(text.slice(0, 600))}, its console ${JSON.stringify(problems)}, and these requests failed: ${JSON.stringify(failures.slice(-10))}`;
}

async function carryOut(request) {
  const { do: verb, tab } = request;
  if (verb === 'open' || verb === 'close') return verbs[verb](request);
  const t = tabs.get(tab);
  if (!t) throw new Error(`no tab ${tab} is open`);
  return verbs[verb](t, request);
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  carryOut(request).then((value) => ({ value: value ?? null }), (error) => ({ error: error.message }))
    .then((answer) => console.log(JSON.stringify({ id: request.id, ...answer })));
}
await browser.close();
