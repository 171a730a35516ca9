// What holds for every page: it is accessible, in the light and in the dark, fits a narrow window, and breaks nothing.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { narrow, wide } from './browser.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Everything about the page that is open now: wide and light, then narrow and dark. */
export async function sound(page, { picture } = {}) {
  await page.emulateMedia({ colorScheme: 'light' });
  await accessible(page, 'light');
  await picture?.(page, 'light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await picture?.(page, 'dark');
  await page.setViewportSize(narrow);
  await fits(page);
  await accessible(page, 'dark and narrow');
  await picture?.(page, 'narrow');
  await page.setViewportSize(wide);
  await page.emulateMedia({ colorScheme: 'light' });
  untroubled(page);
}

/** No rule of WCAG 2.0 to 2.2 A and AA, nor of good practice, is broken. */
export async function accessible(page, how = '') {
  if (!(await page.evaluate('"axe" in window'))) await page.evaluate(axe);
  const violations = await page.evaluate(async (tags) => {
    const { violations } = await window.axe.run(document, {
      runOnly: { type: 'tag', values: tags },
      resultTypes: ['violations'],
    });
    return violations.map(({ id, help, nodes }) => ({
      id,
      help,
      nodes: nodes.slice(0, 5).map(({ html, failureSummary }) => `${html.slice(0, 200)}\n      ${failureSummary.replaceAll('\n', '\n      ')}`),
    }));
  }, TAGS);
  const said = violations.map(({ id, help, nodes }) => `${id}: ${help}\n    ${nodes.join('\n    ')}`);
  assert.equal(said.length, 0, `${page.url()} (${how})\n  ${said.join('\n  ')}`);
}

/** The page is not wider than its window; tables may scroll in themselves. */
export async function fits(page) {
  const over = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width && document.body.scrollWidth <= width) return [];
    const sticksOut = (element) => element.getBoundingClientRect().right > width + 0.5;
    return [...document.body.querySelectorAll('*')].filter(sticksOut).slice(0, 5).map((element) => element.outerHTML.slice(0, 160));
  });
  assert.equal(over.length, 0, `${page.url()} is wider than the window:\n  ${over.join('\n  ')}`);
}

/** Nothing has gone wrong in the page so far. */
export function untroubled(page) {
  assert.deepEqual(page.trouble.take(), []);
}

/** Opens a page and checks its status. */
export async function open(page, path, status = 200) {
  const answer = await page.goto(path);
  assert.equal(answer.status(), status, `${path} answers ${answer.status()}`);
}
