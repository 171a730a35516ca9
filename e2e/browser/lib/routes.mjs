// The pages that the server has, read from its source, so that a new one that no test visits is found.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const SOURCE = new URL('../../../server/src/http/', import.meta.url).pathname;
/** What is no page. */
const OTHERS = ['/static/{name}', '/events', '/sign-on', '/sign-on/callback'];

/** The paths that answer GET, as the routers name them. */
export async function routes() {
  const files = [join(SOURCE, 'ui.rs'), ...(await sources(join(SOURCE, 'ui')))];
  const found = new Set();
  for (const file of files) {
    const text = await readFile(file, 'utf8');
    for (const [, path] of text.matchAll(/\.route\(\s*"([^"]+)",\s*(?:axum::routing::)?get\(/g)) found.add(path);
  }
  return [...found].filter((path) => !OTHERS.includes(path)).sort();
}

/** The route that serves a path; the one with the fewest placeholders, as the router chooses. */
export function routeOf(path, all) {
  const fits = (route) => new RegExp(`^${route.replace(/\{[^}]+\}/g, '[^/]+').replaceAll('.', '\\.')}$`).test(path);
  const holes = (route) => route.split('{').length;
  return all.filter(fits).sort((one, other) => holes(one) - holes(other))[0];
}

async function sources(folder) {
  const entries = await readdir(folder, { recursive: true });
  return entries.filter((name) => name.endsWith('.rs')).map((name) => join(folder, name));
}
