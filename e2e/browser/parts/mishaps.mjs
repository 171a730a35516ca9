// What people do by mistake ends well.

import assert from 'node:assert/strict';
import { admin, signIn, tab } from '../lib/browser.mjs';
import { open, untroubled } from '../lib/checks.mjs';
import { at, busy, quiet } from '../lib/facts.mjs';

async function lostSession(browser) {
  const page = await admin(browser);
  // Else it may hear of the end, and go to the log-in by itself, before the form is sent.
  await page.route('**/events*', (route) => route.abort());
  await open(page, at(quiet, '/settings'));
  await page.context().clearCookies();
  await page.getByRole('button', { name: 'Review…' }).click();
  await page.waitForURL(/\/login/);
  await page.getByText('session had ended', { exact: false }).waitFor();
  await signIn(page);
  await page.waitForURL(/\/settings/);
  await page.context().clearCookies();
  await page.getByRole('link', { name: 'Operations' }).first().click();
  await page.waitForURL(/\/login\?next=/);
  await signIn(page);
  await page.waitForURL(/\/operations/);
}

async function doubleClick(browser) {
  const page = await admin(browser);
  await open(page, at(quiet));
  const sent = [];
  page.on('request', (request) => request.method() === 'POST' && sent.push(request.url()));
  await page.getByRole('button', { name: 'Read everything again' }).dblclick();
  await page.waitForURL(/done=/);
  assert.equal(sent.length, 1, `sent ${sent.length} times`);
  untroubled(page);
}

async function secondTab(browser) {
  const one = await admin(browser);
  const other = await tab(one.context());
  const days = (page) => page.locator('[name="settings.removal_grace_days"]');
  for (const page of [one, other]) await open(page, at(quiet, '/settings'));
  const before = Number(await days(one).inputValue());
  for (const [page, more] of [[one, 1], [other, 2]]) await days(page).fill(String(before + more));
  await one.getByRole('button', { name: 'Review…' }).click();
  await one.getByRole('button', { name: 'Save', exact: true }).click();
  await one.waitForURL(/done=saved/);
  await other.getByRole('button', { name: 'Review…' }).click();
  await other.getByText('changed meanwhile', { exact: false }).first().waitFor();
  assert.equal(await days(other).inputValue(), String(before + 2), 'what was typed is kept');
  untroubled(one);
}

async function scriptAsName(browser) {
  const page = await admin(browser);
  const script = '<script>alert(1)</script>';
  await open(page, at(busy, `/users?query=${encodeURIComponent('odd.')}`));
  await page.getByRole('row', { name: /odd\./ }).getByRole('link').first().click();
  await page.getByText(script, { exact: false }).first().waitFor();
  untroubled(page);
  await open(page, at(busy, `/users?query=${encodeURIComponent(`"><img src=x onerror=alert(1)>${script}`)}`));
  assert.equal(await page.locator('img[src=x]').count(), 0);
  untroubled(page);
}

async function longValue(browser) {
  const page = await admin(browser);
  await open(page, at(quiet, '/settings'));
  await page.locator('[name="settings.root_user_container"]').fill('x'.repeat(64 * 1024));
  const answered = page.waitForResponse((answer) => answer.request().method() === 'POST');
  await page.getByRole('button', { name: 'Review…' }).click();
  assert.equal((await answered).status(), 422);
  await page.getByText('Nothing was changed.', { exact: false }).first().waitFor();
  untroubled(page);
}

export const mishaps = [
  ['a lost session leads to the log-in and back', lostSession],
  ['a double click sends a form once', doubleClick],
  ['what another tab has changed is not overwritten', secondTab],
  ['a script as a name is a name', scriptAsName],
  ['a value of 64 kB is refused in words', longValue],
];
