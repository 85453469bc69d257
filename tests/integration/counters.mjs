// Workers that count together with WATCH and MULTI, by ioredis, at two replicas:
// node counters.mjs PORT1 PORT2. The replica at PORT1 is killed in between, and comes back.
//
// An EXEC whose connection broke may have been executed, or be executed later. So each increment has
// a name, and sets a key of that name in its transaction, and both keys are watched: a second try sees
// that the first one counted, or makes it fail.
import assert from 'node:assert/strict';
import Redis from 'ioredis';
import { Gate, stage } from './stages.mjs';

const WORKERS = 12;
const COUNTERS = 4; // So that a broken EXEC has a chance to have counted.
const INCREMENTS = 12; // Of each worker, in each stage.

const ports = process.argv.slice(2, 4).map(Number);

class Worker {
  constructor(number) {
    this.name = `worker ${number}`;
    this.counter = `counters:${Math.floor(number / 2) % COUNTERS}`;
    this.at = number % 2;
    this.told = []; // What the counter was with each of its increments.
    this.conflicts = 0;
    this.unknown = 0;
    this.foundDone = 0;
    this.connect();
  }

  connect() {
    this.client = new Redis({
      port: ports[this.at], host: '127.0.0.1', retryStrategy: null, maxRetriesPerRequest: 0,
    });
    this.client.on('error', () => {}); // What was asked fails too.
  }

  move() {
    this.client.disconnect();
    this.at = 1 - this.at;
    this.connect();
  }

  // What the counter was with this increment; undefined: another try is needed.
  async attempt(done) {
    await this.client.watch(this.counter, done);
    const [before, counted] = await this.client.mget(this.counter, done);
    if (counted !== null) {
      await this.client.unwatch();
      this.foundDone += 1;
      return Number(counted);
    }
    const next = Number(before) + 1;
    this.asked = true;
    const replies = await this.client.multi().set(this.counter, next).set(done, next).exec();
    this.asked = false;
    if (replies === null) {
      this.conflicts += 1;
      return undefined;
    }
    assert.deepEqual(replies, [[null, 'OK'], [null, 'OK']]);
    return next;
  }

  async increment() {
    const done = `counters:${this.name}:${this.told.length}`;
    for (;;) {
      this.asked = false;
      try {
        const total = await this.attempt(done);
        if (total !== undefined) {
          this.told.push(total);
          return;
        }
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        if (this.asked) this.unknown += 1;
        this.failed = error;
        this.move();
      }
    }
  }

  async increments(count) {
    for (let i = 0; i < count; i += 1) await this.increment();
  }
}

const workers = Array.from({ length: WORKERS }, (_, number) => new Worker(number));
const everybody = (what) => Promise.all(workers.map(what));

await everybody((worker) => worker.increments(INCREMENTS));

// Everybody goes on while the replica is killed, until it has been, and then some.
let killed = false;
const midst = new Gate(WORKERS * 3);
const through = everybody(async (worker) => {
  while (!killed) {
    await worker.increment();
    midst.pass();
  }
  await worker.increments(INCREMENTS);
});
await midst.open;
await stage('busy', 'killed');
killed = true;
await through;
assert.ok(workers.filter((worker) => worker.failed).length >= WORKERS / 2, 'nobody noticed');
assert.ok(workers.every((worker) => worker.at === 1));

await stage('survived', 'back');
await everybody(async (worker, number) => {
  if (number % 2 === 0) worker.move();
  await worker.increments(INCREMENTS);
});

// Each increment counted once, and made the number that its worker was told.
for (const port of ports) {
  const client = new Redis({ port, host: '127.0.0.1', retryStrategy: null });
  for (let i = 0; i < COUNTERS; i += 1) {
    const of = workers.filter(({ counter }) => counter === `counters:${i}`);
    const all = of.flatMap(({ told }) => told).sort((a, b) => a - b);
    assert.deepEqual(all, Array.from(all, (_, before) => before + 1));
    assert.equal(await client.get(`counters:${i}`), String(all.length));
  }
  for (const { name, told } of workers) {
    assert.deepEqual(await client.mget(told.map((_, i) => `counters:${name}:${i}`)), told.map(String));
  }
  await client.quit();
}
for (const { client } of workers) await client.quit();
const sum = (of) => workers.reduce((total, worker) => total + of(worker), 0);
console.log(`ok: ${sum((worker) => worker.told.length)} increments, ${sum((worker) => worker.conflicts)} conflicts, `
  + `${sum((worker) => worker.unknown)} unknown, ${sum((worker) => worker.foundDone)} of them counted`);
process.exit(0);
