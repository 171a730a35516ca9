// Runs the parts of a test one after another, and tells at the end what failed.

import { close } from './ask.mjs';
import { withBrowser } from './browser.mjs';

/** `parts` are `[sentence, async (browser) => …]`. */
export async function run(parts) {
  const failed = [];
  await withBrowser(async (browser) => {
    for (const [sentence, part] of parts) {
      const start = performance.now();
      try {
        await part(browser);
        console.log(`ok      ${sentence} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
      } catch (error) {
        failed.push(sentence);
        console.log(`FAILED  ${sentence}\n${error.stack ?? error}`);
      } finally {
        await Promise.all(browser.contexts().map((context) => context.close()));
      }
    }
  });
  close();
  if (failed.length) {
    console.log(`${failed.length} of ${parts.length} parts failed`);
    process.exitCode = 1;
  }
}
