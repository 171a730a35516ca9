// Chromium as the tests use it: the machine's own, with a profile of its own that goes with it.
//
// Expected in the environment: ADIT_URL (a server), ADIT_EMAIL and ADIT_PASSWORD (an owner of it).

import { chromium } from 'playwright-core';
import { Trouble } from './trouble.mjs';

export const wide = { width: 1280, height: 800 };
export const narrow = { width: 360, height: 740 };
/** How long anything may take on a loaded machine. */
export const PATIENCE = 20_000;

/** Runs `work` with a browser, and ends the browser whatever comes of it. */
export async function withBrowser(work) {
  const browser = await chromium.launch({
    executablePath: process.env.ADIT_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--force-prefers-reduced-motion'],
  });
  try {
    return await work(browser);
  } finally {
    await browser.close();
  }
}

/** A window that knows nobody yet. What goes wrong in its pages is in `page.trouble`. */
export async function visitor(browser, options = {}) {
  const context = await browser.newContext({
    baseURL: process.env.ADIT_URL,
    ignoreHTTPSErrors: true,
    viewport: wide,
    colorScheme: 'light',
    reducedMotion: 'reduce',
    locale: 'en-GB',
    timezoneId: 'UTC',
    ...options,
  });
  context.setDefaultTimeout(PATIENCE);
  return tab(context);
}

/** Another page in the same window. */
export async function tab(context) {
  const page = await context.newPage();
  page.trouble = await Trouble.watch(page);
  return page;
}

/** Somebody who is signed in, on the overview. */
export async function admin(browser, options = {}) {
  const page = await visitor(browser, options);
  await page.goto('/login');
  await signIn(page);
  await page.waitForURL(new URL('/', process.env.ADIT_URL).href);
  return page;
}

/** Fills in the log-in form. */
export async function signIn(page, email = process.env.ADIT_EMAIL, password = process.env.ADIT_PASSWORD) {
  await page.getByLabel('Mail address').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}
