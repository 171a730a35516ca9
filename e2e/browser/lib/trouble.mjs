// What a page does that it should not: errors on the console, scripts that fail, a policy that is violated, a dialog.

/** Collects what goes wrong in one page, until it is taken. */
export class Trouble {
  #found = [];

  static async watch(page) {
    const trouble = new Trouble();
    page.on('console', (message) => {
      if (message.type() === 'error' && !isAnswer(message, page)) trouble.#add(page, `console: ${message.text()}`);
    });
    page.on('pageerror', (error) => trouble.#add(page, `script: ${error.stack ?? error}`));
    page.on('dialog', async (dialog) => {
      trouble.#add(page, `dialog: ${dialog.message()}`);
      await dialog.dismiss();
    });
    await page.addInitScript(() => addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy: ${event.violatedDirective} forbids ${event.blockedURI || event.sourceFile} ${event.sample}`);
    }));
    return trouble;
  }

  #add(page, what) {
    this.#found.push(`${new URL(page.url()).pathname}: ${what}`);
  }

  /** What was found so far; it is forgotten here. */
  take() {
    return this.#found.splice(0);
  }
}

/** The browser reports the status of a page itself, such as 404, as an error; what it should be, the test says. */
function isAnswer(message, page) {
  return message.text().startsWith('Failed to load resource') && message.location().url === page.url();
}
