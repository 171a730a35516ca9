// The set-up as a newcomer meets it, on a server that knows nothing. Started by e2e/tests/e2e/browser.rs.

import { run } from './lib/run.mjs';
import { setup } from './parts/setup.mjs';

await run(setup);
