// Has the program that started the tests do something outside the browser: it answers each line with one line.

import { createInterface } from 'node:readline';

let answers;

/** Asks for one thing, such as `{ ad: {…} }`, and waits until it is done; gives what came of it. */
export async function ask(what) {
  answers ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  console.log(`ask: ${JSON.stringify(what)}`);
  const { value, done } = await answers.next();
  if (done) throw new Error('nobody answers');
  const answer = JSON.parse(value);
  if (answer.error) throw new Error(answer.error);
  return answer.done;
}

/** Nothing more is asked. */
export function close() {
  process.stdin.destroy();
}
