// Signing in at a real OpenID Connect provider, from entering it to taking it away.

import assert from 'node:assert/strict';
import { ask } from '../lib/ask.mjs';
import { admin, visitor } from '../lib/browser.mjs';
import { open, sound, untroubled } from '../lib/checks.mjs';
import { pictures } from '../lib/pictures.mjs';
import { withProvider } from '../lib/provider.mjs';

const people = {
  owner: { email: process.env.ADIT_EMAIL, email_verified: true },
  stranger: { email: 'stranger@e2e.example', email_verified: true },
  namesake: { email: process.env.ADIT_EMAIL, email_verified: true },
  liar: { email: process.env.ADIT_EMAIL, email_verified: false },
};

async function enter(page, { issuer, client_id, client_secret }) {
  await page.getByLabel('Name', { exact: true }).fill('Corp ID');
  await page.getByLabel('Issuer').fill(issuer);
  await page.getByLabel('Client ID').fill(client_id);
  await page.getByLabel('Client secret').fill(client_secret);
  await page.getByRole('button', { name: 'Save' }).click();
}

async function cameAs(page, name) {
  await page.getByLabel('Name').fill(name);
  await page.getByRole('button', { name: 'Let me in' }).click();
}

async function refused(browser, name, words) {
  const page = await visitor(browser);
  await open(page, '/login');
  await page.getByRole('link', { name: 'Sign in with Corp ID' }).click();
  await cameAs(page, name);
  await page.getByText(words, { exact: false }).waitFor();
  assert.equal(new URL(page.url()).pathname, '/sign-on/callback');
  await open(page, '/account');
  assert.match(page.url(), /\/login\?next=/);
}

async function signOn(browser) {
  const owner = await admin(browser);
  await open(owner, '/single-sign-on');
  const redirectUri = await owner.locator('.command code').innerText();
  await withProvider(redirectUri, people, async (provider) => {
    await enter(owner, { ...provider, issuer: `${provider.issuer}/nowhere` });
    await owner.getByText('leads to no provider', { exact: false }).first().waitFor();
    await sound(owner, { picture: pictures('single-sign-on-wrong') });
    await enter(owner, provider);
    await owner.getByText('The provider was found, and saved.', { exact: false }).waitFor();
    await sound(owner, { picture: pictures('single-sign-on-set') });

    const page = await visitor(browser);
    await open(page, '/operations');
    await sound(page, { picture: pictures('login-provider') });
    await page.getByRole('link', { name: 'Sign in with Corp ID' }).click();
    await cameAs(page, 'owner');
    await page.waitForURL(/\/operations$/);
    await open(page, '/account');
    await page.getByText(process.env.ADIT_EMAIL).first().waitFor();
    untroubled(page);

    await ask({ later: true });
    await open(page, '/api-tokens');
    await page.getByLabel('Name', { exact: true }).fill('After a while');
    await page.getByRole('button', { name: 'Make the token' }).click();
    await page.getByRole('heading', { name: 'Show that it is you' }).waitFor();
    await sound(page, { picture: pictures('confirm') });
    // The provider knows who it is, and is to ask again all the same.
    const asked = provider.shown.length;
    await page.getByRole('link', { name: 'Show it at Corp ID' }).click();
    await cameAs(page, 'owner');
    assert.equal(provider.shown.length, asked + 1, 'it was not asked again');
    await page.getByRole('heading', { name: 'It is you' }).waitFor();
    await sound(page, { picture: pictures('confirmed') });
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByText('The token is shown only now', { exact: false }).waitFor();
    untroubled(page);

    await refused(browser, 'stranger', 'There is no administrator stranger@e2e.example here');
    await refused(browser, 'liar', 'does not say that');
    await refused(browser, 'namesake', 'belongs to another account');
  });
  await open(owner, '/single-sign-on');
  await owner.getByText('Remove single sign-on').click();
  await owner.getByRole('button', { name: 'Remove', exact: true }).click();
  await owner.getByLabel('Your password').fill(process.env.ADIT_PASSWORD);
  await owner.getByRole('button', { name: 'Go on' }).click();
  await owner.getByText('Single sign-on was removed.').waitFor();
  const page = await visitor(browser);
  await open(page, '/login');
  assert.equal(await page.getByRole('link', { name: 'Sign in with' }).count(), 0);
}

export const signOns = [
  ['an administrator signs in at a real OpenID Connect provider', signOn],
];
