// npm's redis against three replicas: node node_redis.mjs PORT1 PORT2 PORT3
import assert from 'node:assert/strict';
import { createClient, RESP_TYPES } from 'redis';

const ports = process.argv.slice(2).map(Number);
const anyBytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

async function connect(port, RESP) {
  const client = createClient({ RESP, socket: { port, reconnectStrategy: false } });
  client.on('error', (error) => { throw error; });
  await client.connect();
  return client;
}

for (const RESP of [2, 3]) {
  const clients = await Promise.all(ports.map((port) => connect(port, RESP)));
  const [one, two, three] = clients;
  const key = (name) => `npm-redis:${RESP}:${name}`;

  assert.equal(await one.set(key('a'), '1'), 'OK');
  assert.equal(await two.get(key('a')), '1');
  assert.equal(await three.incrBy(key('a'), 41), 42);
  assert.equal(await one.get(key('missing')), null);
  assert.equal(await one.set(key('a'), 'x', { NX: true }), null);

  await two.set(key('bytes'), anyBytes);
  const raw = three.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  assert.deepEqual(await raw.get(key('bytes')), anyBytes);

  // Issued together: one pipeline on the wire, answered in order.
  const writes = Array.from({ length: 500 }, (_, i) => one.set(key(`n${i}`), String(i)));
  assert.ok((await Promise.all(writes)).every((reply) => reply === 'OK'));
  const names = Array.from({ length: 500 }, (_, i) => key(`n${i}`));
  assert.deepEqual(await three.mGet(names), names.map((_, i) => String(i)));

  const found = [];
  for await (const keys of two.scanIterator({ MATCH: key('n*'), COUNT: 100 })) found.push(...keys);
  assert.equal(new Set(found).size, 500);
  assert.equal(await one.del(names), 500);

  // A subscriber at one replica hears in order what is published at the others.
  const subscriber = await connect(ports[2], RESP);
  const heard = [];
  await subscriber.subscribe(key('c'), (text) => { heard.push(text); });
  const all = new Promise((resolve) => {
    subscriber.pSubscribe(key('[c]'), (text, channel) => {
      heard.push(`${channel}=${text}`);
      if (text === '99') resolve();
    });
  });
  await subscriber.ping();
  assert.equal((await three.pubSubNumSub(key('c')))[key('c')], 1);
  for (let i = 0; i < 100; i += 1) await (i % 2 ? one : two).publish(key('c'), String(i));
  await all;
  assert.deepEqual(heard, Array.from({ length: 100 }, (_, i) =>
    [String(i), `${key('c')}=${i}`]).flat());
  if (RESP === 3) assert.equal(await subscriber.get(key('a')), '42');
  await subscriber.unsubscribe(key('c'));
  await subscriber.pUnsubscribe(key('[c]'));
  assert.equal(String(await subscriber.get(key('a'))), '42');
  await subscriber.close();

  await assert.rejects(one.sendCommand(['NONSENSE']), /unknown command/);
  assert.equal(await one.ping(), 'PONG');
  for (const client of clients) await client.close();
}
console.log('ok');
