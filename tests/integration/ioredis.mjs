// npm's ioredis against three replicas: node ioredis.mjs PORT1 PORT2 PORT3
import assert from 'node:assert/strict';
import Redis from 'ioredis';

const clients = process.argv.slice(2).map(
  (port) => new Redis({ port: Number(port), host: '127.0.0.1', retryStrategy: null }));
for (const client of clients) client.on('error', (error) => { throw error; });
const [one, two, three] = clients;
const anyBytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

assert.equal(await one.set('ioredis:a', '1'), 'OK');
assert.equal(await two.get('ioredis:a'), '1');
assert.equal(await three.incrby('ioredis:a', 41), 42);
assert.equal(await one.get('ioredis:missing'), null);

await two.set('ioredis:bytes', anyBytes);
assert.deepEqual(await three.getBuffer('ioredis:bytes'), anyBytes);

const pipeline = one.pipeline();
for (let i = 0; i < 500; i += 1) pipeline.set(`ioredis:n${i}`, i).get(`ioredis:n${i}`);
const replies = await pipeline.exec();
assert.equal(replies.length, 1000);
replies.forEach(([error, reply], i) => {
  assert.equal(error, null);
  assert.equal(reply, i % 2 === 0 ? 'OK' : String((i - 1) / 2));
});

const found = new Set();
for await (const keys of two.scanStream({ match: 'ioredis:n*', count: 100 })) {
  keys.forEach((key) => found.add(key));
}
assert.equal(found.size, 500);

// A subscriber at one replica hears in order what is published at the others.
const subscriber = three.duplicate();
subscriber.on('error', (error) => { throw error; });
const heard = [];
const all = new Promise((resolve) => {
  subscriber.on('message', (channel, text) => { heard.push(`${channel}=${text}`); });
  subscriber.on('pmessage', (pattern, channel, text) => {
    heard.push(`${pattern} ${channel}=${text}`);
    if (text === '99') resolve();
  });
});
assert.equal(await subscriber.subscribe('ioredis:c'), 1);
assert.equal(await subscriber.psubscribe('ioredis:[c]'), 2);
assert.deepEqual(await subscriber.ping(), ['pong', '']);
assert.equal(await three.publish('ioredis:c', '0'), 2);
for (let i = 1; i < 100; i += 1) await (i % 2 ? one : two).publish('ioredis:c', String(i));
await all;
assert.deepEqual(heard, Array.from({ length: 100 }, (_, i) =>
  [`ioredis:c=${i}`, `ioredis:[c] ioredis:c=${i}`]).flat());
assert.equal(await subscriber.unsubscribe('ioredis:c'), 1);
assert.equal(await subscriber.punsubscribe('ioredis:[c]'), 0);
assert.equal(await subscriber.get('ioredis:a'), '42');
await subscriber.quit();

await assert.rejects(one.call('NONSENSE'), /unknown command/);
assert.equal(await one.ping(), 'PONG');
for (const client of clients) await client.quit();
console.log('ok');
