// Ways through the dashboard: by keyboard alone, and without JavaScript.

import assert from 'node:assert/strict';
import { admin, visitor, signIn } from '../lib/browser.mjs';
import { open, untroubled } from '../lib/checks.mjs';
import { at, busy, quiet } from '../lib/facts.mjs';

/** The element that has the focus: what it is, and whether it shows that. */
const focused = (page) => page.evaluate(() => {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  const shown = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
  const box = element.getBoundingClientRect();
  return {
    is: `${element.tagName.toLowerCase()} ${(element.getAttribute('aria-label') ?? element.textContent ?? '').trim().slice(0, 40)}`,
    name: element.getAttribute('name') ?? '',
    path: element.getAttribute('href') ?? '',
    visible: shown || style.boxShadow !== 'none',
    inside: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight,
  };
});

/** Presses Tab through the whole page; what had the focus, in order. */
async function tabThrough(page, most = 200) {
  const stops = [];
  for (let press = 0; press < most; press += 1) {
    await page.keyboard.press('Tab');
    const stop = await focused(page);
    if (stop.is.startsWith('body')) break;
    assert(stop.visible, `the focus does not show on ${stop.is}`);
    assert(stop.inside, `the focus is out of sight on ${stop.is}`);
    stops.push(stop);
  }
  return stops;
}

async function keyboard(browser) {
  const page = await admin(browser);
  await open(page, '/');
  await page.keyboard.press('Tab');
  assert.equal((await focused(page)).path, '#main', 'the first stop leads past the navigation');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  await open(page, at(quiet));
  const stops = await tabThrough(page);
  for (const path of ['/', '/domains', '/holds', at(quiet, '/users')]) {
    assert(stops.some((stop) => stop.path === path), `Tab does not reach ${path}`);
  }
  for (const name of ['expires_in_seconds', 'max_uses']) {
    assert(stops.some((stop) => stop.name === name), `Tab does not reach the field ${name}`);
  }
  await open(page, at(quiet, '/users'));
  await page.getByRole('searchbox').focus();
  await page.keyboard.type('ada');
  await page.keyboard.press('Enter');
  await page.waitForURL(/query=ada/);
  untroubled(page);
}

async function withoutScript(browser) {
  const page = await visitor(browser, { javaScriptEnabled: false });
  await page.goto(at(busy, '/settings'));
  await signIn(page);
  await page.waitForURL(/\/settings$/);
  const grace = page.locator('[name="settings.removal_grace_days"]');
  const days = (await grace.inputValue()) === '9' ? '8' : '9';
  await grace.fill(days);
  await page.getByRole('button', { name: 'Review…' }).click();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.waitForURL(/done=saved/);
  assert.equal(await grace.inputValue(), days);

  await page.goto('/holds');
  await page.getByRole('row', { name: /suspen/i }).getByRole('link').first().click();
  await page.getByRole('checkbox').and(page.locator('[name=chosen]')).first().check();
  await page.getByRole('button', { name: 'Reject: do not do it' }).click();
  await page.waitForURL(/done=/);
  await page.goto(at(busy, '/users?query=p00'));
  await page.getByRole('row', { name: /p00/ }).getByRole('link').first().click();
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(/\/login/);
}

export const walks = [
  ['Tab reaches everything, in sight and visibly', keyboard],
  ['without JavaScript one signs in, saves a setting, decides a hold and signs out', withoutScript],
];
