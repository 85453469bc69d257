"""notify-keyspace-events: the events of each command are those of Redis, and each replica's subscribers
hear all of them once, in the order of the log."""

import contextlib
import pathlib
import random
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest

import redis

from cluster import PATIENCE_SECONDS, Cluster, wait_until
from subscriber import encode, read_reply

EVERYTHING = "KEAmn"
END = "end of the step"

# Each step is one command; a list begins with nothing.
STEPS = [
    ["SET k v", "SET k w", "SET k w NX", "SET j v NX", "SET k w XX", "SET none w XX", "SET k v GET", "SET n v GET",
     "SET none v XX GET"],
    ["SET k v EX 100", "SET k v PX 100000", "SET k v EXAT 99999999999", "SET k v PXAT 9999999999999",
     "SET k v PXAT 9999999999999", "SET k v KEEPTTL", "SET k v", "SET k v KEEPTTL", "SET n v KEEPTTL"],
    ["SETEX k 100 v", "PSETEX k 100000 v", "SETNX k v", "SETNX n v", "GETSET k v", "GETSET m v"],
    ["GETEX none", "GETEX none EX 100", "SET k v", "GETEX k", "GETEX k EX 100", "GETEX k PERSIST", "GETEX k PERSIST",
     "GETEX k PXAT 9999999999999", "GETEX k EXAT 1"],
    ["GETDEL none", "SET k v", "GETDEL k", "GETDEL k"],
    ["APPEND k abc", "APPEND k def", "SETRANGE k 5 hello", "SETRANGE n 5 hello", "SETRANGE k -1 x"],
    [("APPEND", "k", ""), ("APPEND", "k", ""), ("SETRANGE", "k", "1", ""), ("SETRANGE", "n", "1", "")],
    ["MSET a 1 b 2 a 3", "MSET a 1 c 2", "MSETNX b 3 d 4", "MSETNX d 3 e 4", "MSET a"],
    ["INCR n", "INCR n", "DECR n", "INCRBY n 10", "DECRBY n 3", "INCRBY m 1", "INCRBY n x", "SET n x", "INCR n"],
    ["INCRBYFLOAT f 0.1", "INCRBYFLOAT f 0.2", "INCRBYFLOAT f x", "SET f 1 EX 100", "INCRBYFLOAT f 1", "INCR f"],
    ["MSET a 1 b 2", "DEL a", "DEL a b c", "MSET a 1 b 2", "UNLINK b a b"],
    ["SET k v", "EXPIRE k 100", "PEXPIRE k 100000", "EXPIREAT k 99999999999", "PEXPIREAT k 9999999999999",
     "PEXPIREAT k 9999999999999", "EXPIRE k 100 NX", "EXPIRE k 200 LT", "EXPIRE none 100", "EXPIRE k 0"],
    ["SET k v EX 100", "PERSIST k", "PERSIST k", "PERSIST none", "PEXPIREAT k 1", "PERSIST k"],
    ["RENAME none k", "SET k v", "RENAME k j", "SET k v EX 100", "RENAME k j", "RENAME j j", "RENAMENX j n",
     "SET k v", "RENAMENX k n", "RENAMENX n n", "RENAMENX none n"],
    ["COPY none k", "SET k v EX 100", "COPY k j", "COPY k j", "COPY k j REPLACE", "COPY k k", "COPY k n REPLACE"],
    ["MSET a 1 b 2", "FLUSHALL", "FLUSHALL", "SET a 1", "FLUSHDB ASYNC"],
    ["GET k", "MGET a b", "STRLEN k", "GETRANGE k 0 1", "SUBSTR k 0 1", "EXISTS a b", "TOUCH a b", "TYPE k",
     "TTL k", "PTTL k", "EXPIRETIME k", "PEXPIRETIME k", "KEYS *", "SCAN 0", "RANDOMKEY", "DBSIZE"],
    ["OBJECT ENCODING k", "OBJECT REFCOUNT k", "MEMORY USAGE k", "WATCH k", "UNWATCH"],
    ["SET k v", "GET k", "MGET k none k", "EXISTS k none k", "TTL k", "TYPE k", "STRLEN k"],
    ["MULTI", "SET k v", "GET none", "INCR n", "GETDEL none", "DEL k", "EXEC", "MULTI", "SET k v", "DISCARD"],
    ["MULTI", "GET none", "MGET a b", "EXEC", "WATCH k", "SET k v", "MULTI", "SET k w", "EXEC"],
]

# The last of these has other events than in Redis; why.
DIFFERENT = {
    # It is erased at once: Redis sets it, and finds later that it is over.
    ("SET k v", "SET k w EXAT 1"): [b"del"],
    ("SET k w EXAT 1",): [],
    # It changes nothing.
    ("SET k v PXAT 9999999999999", "GETEX k PXAT 9999999999999"): [],
}


class Ear:
    """Hears all events at one server; asked for those since the last time."""

    def __init__(self, port):
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        self.stream = self.connection.makefile("rb")
        self.connection.sendall(encode("PSUBSCRIBE", "__key*__:*", END))
        for _ in range(2):
            read_reply(self.stream)

    def next(self):
        _, _, channel, payload = read_reply(self.stream)
        return channel, payload

    def until_end(self):
        events = []
        while (event := self.next())[0] != END.encode():
            events.append(event)
        return events

    def close(self):
        self.stream.close()
        self.connection.close()


class Side:
    """One server with a writer and an ear."""

    def __init__(self, port):
        self.writer = redis.Connection(port=port, socket_timeout=PATIENCE_SECONDS)
        self.client = redis.Redis(port=port, socket_timeout=PATIENCE_SECONDS)   # For what is beside the steps.
        self.ear = Ear(port)

    def events_of(self, step):
        """Those of one command, whatever its reply."""
        words = step.split(" ") if isinstance(step, str) else step
        with contextlib.suppress(redis.ResponseError):
            self.writer.send_packed_command([encode(*words)])
            self.writer.read_response()
        self.client.publish(END, "")
        return self.ear.until_end()

    def close(self):
        self.ear.close()
        self.writer.disconnect()
        self.client.close()


@contextlib.contextmanager
def real_redis(*options):
    """The port of a Redis 7.0; the test is skipped where there is none."""
    version = ""
    if shutil.which("redis-server"):
        version = subprocess.run(["redis-server", "--version"], capture_output=True, text=True, check=True).stdout
    if "v=7.0." not in version:
        raise unittest.SkipTest("no redis-server 7.0 here")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as directory:
        process = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "",
                                    "--appendonly", "no", "--dir", directory, *options], stdout=subprocess.DEVNULL)
        try:
            wait_until(lambda: answers(port), "Redis answers")
            yield port
        finally:
            process.terminate()
            process.wait()


def answers(port):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True
    return False


class AsInRedis(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        cls.redis_port = cls.stack.enter_context(real_redis("--notify-keyspace-events", EVERYTHING))
        cluster = cls.stack.enter_context(
            Cluster(replicas=1, options=("--set", f"notify-keyspace-events={EVERYTHING}")))
        cls.rabia_port = cluster.port(1)

    @contextlib.contextmanager
    def both(self):
        sides = [Side(self.redis_port), Side(self.rabia_port)]
        try:
            for side in sides:
                side.client.flushall()
                self.assertEqual([], side.events_of("PING"))
            yield sides
        finally:
            for side in sides:
                side.close()

    # Given every command that we have, in all its forms, then its events are those of Redis, in the
    # same order.
    def test_each_command_has_the_events_of_redis(self):
        compared = 0
        for steps in STEPS:
            with self.both() as (theirs, ours):
                for step in steps:
                    expected = theirs.events_of(step)
                    self.assertEqual(expected, ours.events_of(step), (steps, step))
                    compared += len(expected)
        self.assertGreater(compared, 250)

    def test_what_differs(self):
        for steps, events in DIFFERENT.items():
            with self.both() as (theirs, ours):
                for step in steps[:-1]:
                    self.assertEqual(theirs.events_of(step), ours.events_of(step))
                heard = ours.events_of(steps[-1])
                self.assertNotEqual(theirs.events_of(steps[-1]), heard, steps)
                self.assertEqual(events, [payload for channel, payload in heard if b"keyspace" in channel])

    # Given random commands on a few keys, then the same.
    def test_random_commands_have_the_events_of_redis(self):
        chance = random.Random(1)
        key = lambda: chance.choice("abcd")
        makers = [
            lambda: ["SET", key(), "1", *chance.sample(["NX", "GET", "KEEPTTL"], chance.randint(0, 2))],
            lambda: ["SET", key(), "1", "EX", str(chance.randint(1000, 2000))],
            lambda: [chance.choice(["GET", "GETDEL", "INCR", "PERSIST", "TTL", "STRLEN"]), key()],
            lambda: [chance.choice(["DEL", "EXISTS", "MGET", "RENAME", "RENAMENX", "COPY"]), key(), key()],
            lambda: ["COPY", key(), key(), "REPLACE"],
            lambda: [chance.choice(["APPEND", "GETSET", "SETNX", "INCRBYFLOAT"]), key(), "2"],
            lambda: ["MSET", key(), "1", key(), "2"],
            lambda: ["MSETNX", key(), "1", key(), "2"],
            lambda: ["EXPIRE", key(), str(chance.choice([-1, chance.randint(100, 2000)])),
                     *chance.sample(["XX", "GT"], chance.randint(0, 1))],
            lambda: ["SETRANGE", key(), "2", "x"],
        ]
        with self.both() as (theirs, ours):
            for _ in range(2000):
                step = chance.choice(makers)()
                self.assertEqual(theirs.events_of(step), ours.events_of(step), step)

    # Given keys that expire while nobody looks at them, then that is an event at both.
    def test_expiry(self):
        with self.both() as sides:
            for side in sides:
                side.events_of("SET k v PX 1")
                side.events_of("SET m v")
                # On Redis it may have come before the end of the step.
                wait_until(lambda side=side: side.client.exists("k") == 0, "it expires")
            for side in sides:
                side.client.set("n", "v", px=50)
                events = []
                while (event := side.ear.next()) != (b"__keyevent@0__:expired", b"n"):
                    events.append(event)
                self.assertIn((b"__keyspace@0__:n", b"expired"), events)

    # Given letters, then CONFIG GET answers them as Redis does, and others are refused in its words.
    def test_the_letters(self):
        chance = random.Random(2)
        letters = "KEg$lshzxetdmn"
        with (redis.Redis(port=self.redis_port) as theirs, redis.Redis(port=self.rabia_port) as ours):
            try:
                for _ in range(200):
                    text = "".join(chance.sample(letters + "A", chance.randint(0, 10)))
                    if {"A", "n"} <= set(text) or set("g$lshzxetdn") <= set(text):
                        continue  # There Redis forgets the n.
                    for client in (theirs, ours):
                        client.config_set("notify-keyspace-events", text)
                    self.assertEqual(theirs.config_get("notify-keyspace-events"),
                                     ours.config_get("notify-keyspace-events"), text)
                refusals = []
                for client in (theirs, ours):
                    with self.assertRaises(redis.ResponseError) as refused:
                        client.config_set("notify-keyspace-events", "KEq")
                    refusals.append(str(refused.exception))
                self.assertEqual(*refusals)
                ours.config_set("notify-keyspace-events", "nKA")
                self.assertEqual("AnK", ours.config_get("notify-keyspace-events")["notify-keyspace-events"])
            finally:
                for client in (theirs, ours):
                    client.config_set("notify-keyspace-events", EVERYTHING)


class EachReplica(unittest.TestCase):
    # Given writers at all replicas, and events at two of them, then the subscribers of each of the two
    # hear all events once, in one order, and those of the third none; misses are heard only where they
    # were read.
    def test_all_hear_one_order(self):
        with Cluster() as cluster:
            for replica in (1, 2):
                with cluster.client(replica) as client:
                    client.config_set("notify-keyspace-events", "EAm")
            ears = [Ear(cluster.port(replica)) for replica in (1, 2, 3)]
            clients = [cluster.client(replica) for replica in (1, 2, 3)]
            for client in clients:
                self.assertIsNone(client.get("none"))
            writers = [threading.Thread(target=self.write, args=(client, number))
                       for number, client in enumerate(clients)]
            for writer in writers:
                writer.start()
            for writer in writers:
                writer.join()
            clients[0].publish(END, "")
            first, second, third = (ear.until_end() for ear in ears)
            self.assertEqual([], third)
            miss = (b"__keyevent@0__:keymiss", b"none")
            self.assertEqual([1, 1], [first.count(miss), second.count(miss)])
            events = [event for event in first if event != miss]
            self.assertEqual(events, [event for event in second if event != miss])
            self.assertEqual(3 * 300, len(events))
            for number in range(3):
                own = [key for event, key in events if key.startswith(b"%d:" % number)]
                self.assertEqual([b"%d:%d" % (number, i // 2) for i in range(300)], own)
            for ear in ears:
                ear.close()

    def write(self, client, number):
        for i in range(150):
            client.set(f"{number}:{i}", "v")
            client.delete(f"{number}:{i}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
