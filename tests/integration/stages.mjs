// How a script and its test agree on when a replica is killed, and when it is back.
import readline from 'node:readline';

const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();

// Tells the test a word and waits until it answers with the wanted one.
export async function stage(word, wanted) {
  console.log(word);
  const { value, done } = await lines.next();
  if (done || value !== wanted) throw new Error(`${word}: the test said ${value}, not ${wanted}`);
}

// Opens when it was passed so many times.
export class Gate {
  constructor(times) {
    this.times = times;
    this.open = new Promise((resolve) => { this.resolve = resolve; });
  }

  pass() {
    this.times -= 1;
    if (this.times === 0) this.resolve();
  }
}
