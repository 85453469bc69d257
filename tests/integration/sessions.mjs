// Users with sessions, at two express applications, each with connect-redis at a replica of its own:
// node sessions.mjs PORT1 PORT2. The replica at PORT1 is killed in between, and comes back.
import assert from 'node:assert/strict';
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import { createClient } from 'redis';
import { Gate, stage } from './stages.mjs';

const USERS = 24;
const VISITS = 15; // Of each user, in each stage.
const DAY_SECONDS = 86400;

async function application(port) {
  const client = createClient({
    disableOfflineQueue: true,
    socket: { port, reconnectStrategy: () => 20 },
  });
  client.on('error', () => {}); // It connects again by itself; what was asked fails.
  await client.connect();
  const store = new RedisStore({ client, prefix: 'front:' });
  const app = express();
  app.use(session({ store, secret: 'of the tests', resave: false, saveUninitialized: false }));
  // What is answered is saved: express-session alone answers also when it could not save.
  const saved = (request, response) => request.session.save((error) => {
    if (error) response.destroy(error);
    else response.json({ name: request.session.name, visit: request.session.visit });
  });
  app.post('/login/:name', (request, response) => {
    Object.assign(request.session, { name: request.params.name, visit: 0 });
    saved(request, response);
  });
  app.use((request, response, next) => {
    if (request.session.name) next();
    else response.sendStatus(401);
  });
  app.post('/visit/:number', (request, response) => {
    request.session.visit = Number(request.params.number);
    saved(request, response);
  });
  app.get('/me', ({ session: { name, visit } }, response) => { response.json({ name, visit }); });
  app.post('/logout', (request, response, next) => {
    request.session.destroy((error) => (error ? next(error) : response.json({})));
  });
  // eslint-disable-next-line no-unused-vars
  app.use((error, request, response, next) => {
    if (response.headersSent) response.destroy(); // It was saved, and could not be touched again.
    else response.sendStatus(503);
  });
  const listener = await new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => resolve(server));
  });
  return { client, store, listener, url: `http://127.0.0.1:${listener.address().port}` };
}

// A browser behind a balancer: what fails at one application is asked at the other next time.
class User {
  constructor(number) {
    this.name = `user ${number}`;
    this.at = number % 2;
    this.last = undefined; // The last visit that was acknowledged.
    this.unknown = [];     // Those that may have been saved, or be saved later.
    this.number = 0;
    this.failures = 0;
  }

  // The answer; undefined when nobody knows what happened.
  async ask(method, path) {
    const headers = this.cookie ? { cookie: this.cookie } : {};
    let response;
    let body;
    try {
      response = await fetch(apps[this.at].url + path, { method, headers });
      body = await response.text();
    } catch {
      response = undefined;
    }
    if (response === undefined || response.status === 503) {
      this.failures += 1;
      this.at = 1 - this.at;
      return undefined;
    }
    assert.equal(response.status, 200, `${this.name} ${path}: a session is lost`);
    return { cookie: response.headers.get('set-cookie'), ...JSON.parse(body) };
  }

  async logIn() {
    for (;;) {
      const answer = await this.ask('POST', `/login/${encodeURIComponent(this.name)}`);
      if (answer) {
        [this.cookie] = answer.cookie.split(';');
        this.last = 0;
        return;
      }
    }
  }

  async visit() {
    this.number += 1;
    const answer = await this.ask('POST', `/visit/${this.number}`);
    if (answer) this.last = this.number;
    else this.unknown.push(this.number);
    return answer !== undefined;
  }

  async look() {
    let answer;
    while (!answer) answer = await this.ask('GET', '/me');
    assert.equal(answer.name, this.name);
    assert.ok([this.last, ...this.unknown].includes(answer.visit),
      `${this.name}: visit ${answer.visit} is neither ${this.last} nor of ${this.unknown}`);
  }

  async visits(count) {
    for (let done = 0; done < count;) {
      if (await this.visit()) done += 1;
      if (this.number % 3 === 0) await this.look();
    }
  }
}

const apps = await Promise.all(process.argv.slice(2, 4).map((port) => application(Number(port))));
const users = Array.from({ length: USERS }, (_, number) => new User(number));
const everybody = (what) => Promise.all(users.map(what));

await everybody((user) => user.logIn());
await everybody((user) => user.visits(VISITS));

// Everybody goes on while the replica is killed, until it has been, and then some.
let killed = false;
const midst = new Gate(USERS * 3);
const through = everybody(async (user) => {
  while (!killed) {
    await user.visits(1);
    midst.pass();
  }
  await user.visits(VISITS);
});
await midst.open;
await stage('busy', 'killed');
killed = true;
await through;
assert.ok(users.some((user) => user.failures > 0), 'nobody noticed');

await stage('survived', 'back');
while (!apps[0].client.isReady) await new Promise((resolve) => { setTimeout(resolve, 20); });
await everybody(async (user, number) => {
  user.at = number % 2;
  await user.visits(VISITS);
});

// At the end both applications know every session, and nobody who has logged out.
for (const { store, client } of apps) {
  assert.equal(await store.length(), USERS);
  for (const id of await store.ids()) {
    const seconds = await client.ttl(`front:${id}`);
    assert.ok(seconds > DAY_SECONDS - 3600 && seconds <= DAY_SECONDS, `${seconds} s to live`);
  }
}
for (const at of [0, 1]) {
  await everybody(async (user) => {
    user.at = at;
    await user.look();
  });
}
const leaving = users.filter((user, number) => number % 3 === 0 && user.unknown.length === 0);
assert.ok(leaving.length > 0);
for (const user of leaving) assert.ok(await user.ask('POST', '/logout'));
for (const { url, store } of apps) {
  assert.equal(await store.length(), USERS - leaving.length);
  for (const { cookie } of leaving) {
    assert.equal((await fetch(`${url}/me`, { headers: { cookie } })).status, 401);
  }
}

for (const { client, listener } of apps) {
  listener.closeAllConnections();
  listener.close();
  await client.close();
}
const sum = (of) => users.reduce((all, user) => all + of(user), 0);
console.log(`ok: ${USERS} sessions, ${sum((user) => user.number)} visits, `
  + `${sum((user) => user.failures)} failures, ${sum((user) => user.unknown.length)} unknown`);
process.exit(0);
