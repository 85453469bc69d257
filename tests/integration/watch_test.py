"""Watchers of changes while replicas are killed, paused and restarted: each sees every change once.

    watch_test.py           20 seconds, what `make test` runs
    watch_test.py Long      five minutes and 100 watchers, for `make test-long`
"""

import contextlib
import os
import random
import signal
import sys
import threading
import time
import unittest

import redis

from cluster import Cluster, wait_until


class Writer(threading.Thread):
    """Writes at one replica, and again when it is back. Every tenth key expires."""

    def __init__(self, cluster, number, name):
        super().__init__(daemon=True)
        self.cluster = cluster
        self.number = number
        self.key = name
        self.stopping = False

    def run(self):
        count = 0
        while not self.stopping:
            with contextlib.suppress(redis.RedisError, OSError):
                with contextlib.closing(redis.Redis(port=self.cluster.port(self.number), socket_timeout=3)) as client:
                    while not self.stopping:
                        count += 1
                        pipeline = client.pipeline(transaction=False)
                        for i in range(10):
                            pipeline.set(f"{self.key}:{count % 50}:{i}", count, px=500 if i == 0 else None)
                        pipeline.execute(raise_on_error=False)
            time.sleep(0.05)


class Watcher(threading.Thread):
    """Watches everything, at whichever replica answers, and goes on where it was."""

    def __init__(self, cluster, seed):
        super().__init__(daemon=True)
        self.cluster = cluster
        self.random = random.Random(seed)
        self.seen = 0           # The last revision.
        self.wrong = None
        self.moves = 0
        self.stopping = False
        self.compacted = 0

    def run(self):
        while not self.stopping and self.wrong is None:
            with contextlib.suppress(redis.RedisError, OSError):
                self.watch(self.random.choice((1, 2, 3)))
            time.sleep(0.05)

    def watch(self, number):
        connection = redis.Connection(port=self.cluster.port(number), socket_timeout=3)
        try:
            connection.connect()
            connection.send_command("RABIA.WATCH", "FROM", self.seen)
            _, begin = connection.read_response()
            assert begin == self.seen
            self.moves += 1
            until = time.monotonic() + self.random.uniform(2, 8)
            while not self.stopping and time.monotonic() < until:
                if not connection.can_read(timeout=0.2):
                    continue
                word, _, revision, *_ = connection.read_response()
                if word != b"rabia.event" or revision != self.seen + 1:
                    self.wrong = (number, word, revision, self.seen)
                    return
                self.seen = revision
        except redis.ResponseError as error:
            self.compacted += str(error).startswith("COMPACTED")
            raise
        finally:
            connection.disconnect()


class WatchTest(unittest.TestCase):
    def watched(self, watchers, seconds, writers=6):
        options = ["--restart", "--set", "notification-history-bytes=256MiB"]
        with Cluster(options=options) as cluster:
            watching = [Watcher(cluster, seed) for seed in range(watchers)]
            for watcher in watching:
                watcher.start()
            load = [Writer(cluster, 1 + i % 3, f"w{i}") for i in range(writers)]
            for writer in load:
                writer.start()
            end = time.monotonic() + seconds
            trouble = random.Random(seconds)
            while time.monotonic() < end:
                time.sleep(trouble.uniform(0.5, 1.5))
                number = trouble.choice((1, 2, 3))
                if trouble.random() < 0.5:
                    cluster.kill(number)
                    cluster.wait_until_serving(number)
                else:
                    with self.paused(cluster, number):
                        time.sleep(trouble.uniform(0.1, 1.0))
            for writer in load:
                writer.stopping = True
            for writer in load:
                writer.join()
            with cluster.client(1) as client:
                last = client.execute_command("RABIA.REVISION")

            def all_seen():
                return all(w.wrong or w.seen >= last for w in watching)
            # One that was told COMPACTED by a replica that had restarted goes on at another.
            wait_until(all_seen, "every watcher has seen the last change")
            for watcher in watching:
                watcher.stopping = True
            self.assertEqual([None] * watchers, [w.wrong for w in watching])
            self.assertGreater(last, 100)
            print(f"{watchers} watchers, {last} changes, {sum(w.moves for w in watching)} connections, "
                  f"{sum(w.compacted for w in watching)} times COMPACTED")

    @contextlib.contextmanager
    def paused(self, cluster, number):
        pid = cluster.pid(number)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def test_every_watcher_sees_every_change_once(self):
        self.watched(watchers=12, seconds=20)


class Waiting(unittest.TestCase):
    # Given clients that wait for changes at all replicas, when one is written elsewhere, then they are
    # answered, in time with what they asked; other clients of theirs are served meanwhile; and
    # replicas that are told to stop do, whoever waits.
    def test_events_that_wait(self):
        with Cluster() as cluster, cluster.client(1) as writer:
            waiting = [redis.Connection(port=cluster.port(number), socket_timeout=60)
                       for number in (1, 2, 3) for _ in range(10)]
            for connection in waiting:
                connection.connect()
                connection.send_command("RABIA.EVENTS", "FROM", 0, "PREFIX", "job:", "BLOCK", 0, "VALUES")
            for number in (1, 2, 3):
                with cluster.client(number) as other:
                    wait_until(lambda other=other: other.info("clients")["blocked_clients"] == 10, "they wait")
                    other.set("other", number)
            writer.set("job:1", "do it")
            for connection in waiting:
                self.assertEqual([4, [[4, b"set", b"job:1", b"value", b"do it"]]], connection.read_response())
            for connection in waiting:
                connection.send_command("RABIA.EVENTS", "FROM", 4, "BLOCK", 1)
                self.assertEqual([4, []], connection.read_response())
                connection.send_command("RABIA.EVENTS", "FROM", 4, "BLOCK", 0)
            for connection in waiting[::2]:
                connection.disconnect()
            for number in (1, 2, 3):
                with cluster.client(number) as other:
                    wait_until(lambda other=other: other.info("clients")["blocked_clients"] == 5, "half are gone")
            cluster.process.terminate()
            self.assertEqual(0, cluster.process.wait(60))
            for connection in waiting[1::2]:
                with self.assertRaises(redis.ConnectionError):
                    connection.read_response()


class Long(unittest.TestCase):
    def test_a_hundred_watchers_for_five_minutes(self):
        WatchTest().watched(watchers=100, seconds=300, writers=24)


if __name__ == "__main__":
    unittest.main(defaultTest=sys.argv[1:2] or ["WatchTest", "Waiting"], argv=sys.argv[:1])
