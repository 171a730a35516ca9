// A newcomer sets everything up, in the browser alone but for the commands that the pages show.

import assert from 'node:assert/strict';
import { ask } from '../lib/ask.mjs';
import { visitor } from '../lib/browser.mjs';
import { sound, untroubled } from '../lib/checks.mjs';
import { facts } from '../lib/facts.mjs';
import { pictures } from '../lib/pictures.mjs';

const submit = (page, name) => page.getByRole('button', { name, exact: true }).click();
const heading = (page, name) => page.getByRole('heading', { level: 1, name }).waitFor();
/** The finding of the last step with that title, once it says so. */
const found = (page, title, words) => page.getByRole('row').filter({ hasText: title }).filter({ hasText: words }).waitFor();

async function firstRun(page) {
  await page.goto('/');
  await heading(page, /Welcome/);
  for (const label of ['Password', 'The password again']) await page.getByLabel(label, { exact: true }).fill(process.env.ADIT_PASSWORD);
  await page.getByLabel('Mail address').fill(process.env.ADIT_EMAIL);
  await page.getByLabel('First-run code').fill('AAAAA-AAAAA-AAAAA-AAAAA');
  await submit(page, 'Make the administrator');
  await page.getByText('Nothing was changed.').waitFor();
  await sound(page, { picture: pictures('first-run') });
  await page.getByLabel('First-run code').fill(facts.code);
  for (const label of ['Password', 'The password again']) await page.getByLabel(label, { exact: true }).fill(process.env.ADIT_PASSWORD);
  await submit(page, 'Make the administrator');
}

async function organization(page) {
  await page.getByLabel('Name', { exact: true }).fill('Example Corp');
  await page.getByLabel('Region').selectOption('custom');
  await page.getByLabel('Base URL').fill(facts.jumpcloud);
  await page.getByLabel('API key', { exact: true }).last().fill('not the key');
  await submit(page, 'Check and go on');
  await page.getByText('Nothing was changed.').waitFor();
  await sound(page, { picture: pictures('setup-organization') });
  await page.getByLabel('API key', { exact: true }).last().fill(facts.api_key);
  await submit(page, 'Check and go on');
  await heading(page, /Domain/);
}

async function domain(page) {
  await page.getByLabel('Domain name').fill(facts.name.replaceAll(',', ';'));
  await page.getByLabel('Service account').fill(facts.service_account);
  await page.getByLabel('Its password').fill(facts.service_password);
  await page.getByRole('radio', { name: /certificate authority/ }).check();
  await page.getByLabel('Certificate authority (PEM)').fill(facts.ca_pem);
  await sound(page, { picture: pictures('setup-domain') });
  await submit(page, 'Save and go on');
  await heading(page, /Agents/);
}

async function agents(page) {
  await submit(page, 'Make the command');
  const command = await page.locator('code', { hasText: 'adit-agent enroll' }).first().textContent();
  await sound(page, { picture: pictures('setup-agents') });
  await ask({ enroll: command.trim() });
  await page.getByRole('listitem').filter({ hasText: 'Joined' }).waitFor();
  assert.equal(await page.locator('code', { hasText: command }).count(), 1, 'the command stays as the list follows');
  await page.getByRole('link', { name: /^On to Scope/ }).click();
  await heading(page, /Scope/);
}

/** Takes what the directory offers under that distinguished name. */
const choose = (page, legend, name) => page.getByRole('group', { name: legend }).locator('label', { hasText: name }).getByRole('radio').check();

async function scope(page) {
  await page.getByLabel('Find a container or group').fill(facts.tag);
  await submit(page, 'Find');
  await choose(page, 'Root user container', facts.container);
  await choose(page, 'Integration group', `CN=${facts.group},`);
  await sound(page, { picture: pictures('setup-scope') });
  await submit(page, 'Save and check');
  await page.waitForURL(/done=saved/);
  await page.locator('strong', { hasText: new RegExp(`^${facts.people}$`) }).waitFor();
  await page.getByRole('link', { name: /^On to Choices/ }).click();
  await heading(page, /Choices/);
}

async function choices(page) {
  const leaves = page.getByRole('group', { name: /leaves the integration group/ });
  assert.equal(await leaves.getByRole('radio', { checked: true }).count(), 0, 'what becomes of leavers is for a person to choose');
  await submit(page, 'Save and go on');
  await page.getByText('Nothing was changed.').waitFor();
  await page.getByRole('radio', { name: /^Suspend/ }).check();
  await sound(page, { picture: pictures('setup-choices') });
  await submit(page, 'Save and go on');
  await heading(page, /Preview/);
}

async function preview(page) {
  const confirm = page.getByLabel('I have looked at the plan');
  await confirm.waitFor();
  await confirm.check();
  await sound(page, { picture: pictures('setup-preview') });
  await submit(page, 'Activate');
  await heading(page, /Verify/);
}

async function verify(page) {
  await found(page, 'Users', `${facts.people} users are synced.`);
  await found(page, 'JumpCloud group', facts.group);
  await ask({ capture: true });
  await found(page, 'First password', 'JumpCloud has the current AD password of 1');
  await sound(page, { picture: pictures('setup-verify') });
  await page.getByRole('link', { name: 'Finish' }).click();
  await page.waitForURL(/\/domains\/[0-9a-f-]+$/);
}

async function fromNothing(browser) {
  const page = await visitor(browser);
  await firstRun(page);
  await page.getByRole('link', { name: /^Set[- ]up/ }).first().click();
  await page.getByRole('link', { name: 'Begin', exact: true }).click();
  for (const step of [organization, domain, agents, scope, choices, preview, verify]) await step(page);
  untroubled(page);
}

export const setup = [['a newcomer gets from nothing to users and passwords in JumpCloud', fromNothing]];
