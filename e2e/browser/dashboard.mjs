// The dashboard as administrators meet it. Started by e2e/tests/e2e/browser.rs; see lib/browser.mjs for what it expects.

import { live } from './parts/live.mjs';
import { mishaps } from './parts/mishaps.mjs';
import { pages } from './parts/pages.mjs';
import { walks } from './parts/walks.mjs';
import { signOns } from './parts/sign_on.mjs';
import { run } from './lib/run.mjs';

await run([...pages, ...walks, ...live, ...mishaps, ...signOns]);
