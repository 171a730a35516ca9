// Pictures of the pages, where ADIT_SCREENSHOTS names a folder.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

const folder = process.env.ADIT_SCREENSHOTS;

/** Takes the pictures of a page under a name; none if none are wanted. */
export function pictures(name) {
  if (!folder) return undefined;
  return async (page, how) => {
    await mkdir(folder, { recursive: true });
    await page.screenshot({ path: join(folder, `${name}-${how}.png`), fullPage: how === 'narrow', animations: 'disabled' });
  };
}

/** A route as the name of a file: `/domains/{id}/users` is `domains-id-users`. */
export const nameOf = (route) => route.replaceAll(/[{}]/g, '').replaceAll('/', '-').replace(/^-/, '') || 'overview';
