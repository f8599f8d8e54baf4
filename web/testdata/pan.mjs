// pan.mjs URL BROWSER COUNT drags the chart in a browser, and prints as JSON how many milliseconds of the processor the page's
// scripts took: to load COUNT bars, and in drags of 60 moves with all of them, a tenth, and some hundred in view.

import { chromium } from 'playwright-core';

const [url, executablePath, count] = process.argv.slice(2);
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const browser = await chromium.launch({ executablePath, args });
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const scripts = async () =>
    (await devtools.send('Performance.getMetrics')).metrics.find((m) => m.name === 'ScriptDuration').value * 1000;
  const range = page.getByTestId('chart-range'),
    host = page.getByTestId('chart-host');
  const still = async (text) => {
    await page.waitForFunction((t) => document.querySelector('[data-testid=chart-range]').textContent.includes(t), text, {
      timeout: 240_000,
    });
    await page.waitForFunction(() => !document.querySelector('[data-testid=chart-host][data-busy]'), null, { timeout: 60_000 });
    await page.waitForTimeout(700);
  };

  await page.goto(`${url}/#/chart/ES/1m`);
  await page.getByTestId('chart-legend').locator('li').first().waitFor();
  const { x, y, width, height } = await host.boundingBox(),
    middle = [x + width / 2, y + height / 2];
  const wheel = async (by, times) => {
    for (let i = 0; i < times; i++) await page.mouse.wheel(0, by);
  };
  await page.mouse.move(...middle);
  await wheel(200, 60);
  await still(count);
  const load = await scripts();
  const drag = async () => {
    await page.waitForTimeout(700);
    await page.mouse.move(...middle);
    await page.mouse.down();
    const before = await scripts(),
      shown = await range.textContent();
    for (let i = 1; i <= 60; i++) {
      await page.mouse.move(middle[0] + 5 * i, middle[1]);
      await page.waitForTimeout(16);
    }
    await page.mouse.up();
    await page.waitForTimeout(700);
    if (shown === (await range.textContent())) throw new Error(`the drag moved nothing: ${shown}`);
    return (await scripts()) - before;
  };
  const took = { Load: load };
  await wheel(-100, 1);
  took.All = await drag();
  await wheel(-150, 8);
  took.Tenth = await drag();
  await wheel(-150, 14);
  took.Near = await drag();
  console.log(JSON.stringify(took));
} finally {
  await browser.close();
}
