// Pages that are open follow what happens, and leave alone whoever works with them.

import assert from 'node:assert/strict';
import { ask } from '../lib/ask.mjs';
import { admin, tab } from '../lib/browser.mjs';
import { open, untroubled } from '../lib/checks.mjs';
import { at, busy } from '../lib/facts.mjs';

/** The page is still the one that was opened. */
const mark = (page) => page.evaluate(() => { window.isStillHere = true; });
const isStillHere = (page) => page.evaluate(() => window.isStillHere === true);

async function follows(browser) {
  const overview = await admin(browser);
  const users = await tab(overview.context());
  await open(users, at(busy, '/users?query=newcomer'));
  for (const page of [overview, users]) await mark(page);
  assert.equal(await users.getByRole('row', { name: /newcomer/ }).count(), 0);
  await users.getByRole('searchbox').fill('half a wor');
  await ask({ join: ['newcomer'] });
  await users.getByRole('row', { name: /newcomer/ }).waitFor();
  assert.equal(await users.getByRole('searchbox').inputValue(), 'half a wor', 'what is being typed is left alone');
  assert(await users.getByRole('searchbox').evaluate((field) => field === document.activeElement), 'the focus stays');
  for (const page of [overview, users]) {
    assert(await isStillHere(page), 'the page was not loaded again');
    untroubled(page);
  }
}

async function endsWithTheSession(browser) {
  const page = await admin(browser);
  await open(page, '/operations');
  const other = await tab(page.context());
  await open(other, '/');
  await other.getByRole('button', { name: 'Sign out' }).click();
  await other.waitForURL(/\/login/);
  await page.waitForURL(/\/login\?next=%2Foperations/);
}

export const live = [
  ['what changes in AD shows on open pages, which are not loaded again', follows],
  ['an open page goes to the log-in when the session ends', endsWithTheSession],
];
