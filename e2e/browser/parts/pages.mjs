// Every page that there is, found by following links, is sound.

import assert from 'node:assert/strict';
import { admin, visitor } from '../lib/browser.mjs';
import { open, sound, untroubled } from '../lib/checks.mjs';
import { at, busy, quiet } from '../lib/facts.mjs';
import { nameOf, pictures } from '../lib/pictures.mjs';
import { routeOf, routes } from '../lib/routes.mjs';

const FILES = /\.(csv|jsonl?)$/;
/** What is shown to those who have not signed in; no page leads there. */
const OUTSIDE = ['/login', '/first-run', '/invitation/{secret}'];

/** Where links of the page lead, on this site. */
const links = (page) => page.evaluate(() => [...document.links]
  .filter((link) => link.origin === location.origin && !link.pathname.startsWith('/static/'))
  .map((link) => link.pathname + link.search));

/** Pages of one route look alike, so one of each is looked at; but for these. */
const MORE = new Map([['/holds/{id}', 3], ['/domains/{id}/users/{guid}', 2]]);

/** Pages that are there only once somebody has done something. */
async function made(page) {
  await open(page, at(quiet, '/settings'));
  await page.locator('[name="settings.poll_interval_ms"]').fill('2000');
  await page.getByRole('button', { name: 'Review…' }).click();
  await page.waitForURL(/\/settings\/review\//);
  const review = new URL(page.url()).pathname;
  await open(page, '/alerts/channels/new?kind=webhook');
  await page.getByLabel('Name', { exact: true }).fill('On call');
  await page.getByLabel('Address').fill('https://hooks.example.com/adit');
  await page.getByLabel('Signing key').fill('what the receiver knows too');
  await page.getByRole('button', { name: /^(Add|Save)/ }).click();
  await page.waitForURL(/done=/);
  return [review];
}

async function everyPage(browser) {
  const page = await admin(browser);
  const all = await routes();
  // An active domain and one in preview.
  const differ = ['/', at(busy), at(quiet), at(busy, '/preview'), at(quiet, '/preview')];
  const wanted = [...differ, ...(await made(page))];
  const seen = new Set();
  const wrong = [];
  const looked = new Map(all.map((route) => [route, 0]));
  while (wanted.length) {
    const path = wanted.shift();
    const route = routeOf(path.split('?')[0], all);
    if (seen.has(path) || OUTSIDE.includes(route)) continue;
    seen.add(path);
    assert(route, `the link ${path} leads nowhere`);
    if (looked.get(route) >= (MORE.get(route) ?? 1) && !differ.includes(path)) continue;
    looked.set(route, looked.get(route) + 1);
    if (FILES.test(route)) {
      const answer = await page.request.get(path);
      assert.equal(answer.status(), 200, path);
      assert.match(answer.headers()['content-disposition'], /^attachment/);
      continue;
    }
    try {
      await open(page, path);
      const first = looked.get(route) === 1;
      await sound(page, { picture: first ? pictures(nameOf(route)) : undefined });
    } catch (error) {
      wrong.push(error.message);
    }
    wanted.push(...(await links(page)));
  }
  assert.equal(wrong.length, 0, wrong.join('\n\n'));
  const missed = [...looked].filter(([route, times]) => times === 0 && !OUTSIDE.includes(route)).map(([route]) => route);
  assert.deepEqual(missed, [], 'pages that no link leads to, and that this test does not know');
}

async function outside(browser) {
  const page = await visitor(browser);
  await open(page, '/login');
  await sound(page, { picture: pictures('login') });
  await page.getByLabel('Mail address').fill('nobody@e2e.example');
  await page.getByLabel('Password', { exact: true }).fill('wrong');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByText('The mail address or the password is wrong.').first().waitFor();
  await sound(page);
}

async function answers(browser) {
  const page = await admin(browser);
  await open(page, at(quiet));
  await page.getByRole('button', { name: 'Make a token' }).click();
  await page.getByText('The token is shown only now', { exact: false }).waitFor();
  await sound(page, { picture: pictures('token') });
  await open(page, '/api-tokens');
  await page.getByLabel('Name', { exact: true }).fill('Backup');
  await page.getByRole('button', { name: 'Make the token' }).click();
  await page.getByText('The token is shown only now', { exact: false }).waitFor();
  await sound(page, { picture: pictures('api-token') });
  await open(page, '/admins');
  await page.getByLabel('Mail address').fill('grace@e2e.example');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByText('The link is shown only now', { exact: false }).waitFor();
  await sound(page, { picture: pictures('invitation') });
  const link = new URL(await page.locator('.command code').innerText()).pathname;
  const grace = await visitor(browser);
  await open(grace, link);
  await sound(grace, { picture: pictures('choose-password') });
  await open(page, at(quiet, '/settings'));
  await page.getByRole('textbox', { name: 'Integration group' }).fill('no name');
  await page.getByRole('button', { name: 'Review…' }).click();
  await page.getByText('Nothing was changed.', { exact: false }).first().waitFor();
  await sound(page, { picture: pictures('settings-wrong') });
  assert.equal(await page.getByRole('textbox', { name: 'Integration group' }).inputValue(), 'no name');
}

async function unknown(browser) {
  const page = await admin(browser);
  const nobody = '00000000-0000-4000-8000-000000000000';
  for (const path of [`/domains/${nobody}`, '/domains/none', `/holds/${nobody}`, at(busy, `/users/${nobody}`), at(busy, '/groups/x'), '/nowhere']) {
    await open(page, path, 404);
    await page.getByRole('heading', { level: 1 }).waitFor();
    untroubled(page);
  }
  await sound(page, { picture: pictures('refusal') });
}

export const pages = [
  ['every page is accessible in the light and in the dark, fits a narrow window and breaks nothing', everyPage],
  ['so is what is shown to those who have not signed in', outside],
  ['so are the answers to forms', answers],
  ['an unknown address or id is told so', unknown],
];
