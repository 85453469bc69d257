"""Keys expire by the log's clock: in time, on all replicas alike, whatever their own clocks say."""

import glob
import random
import statistics
import threading
import time
import unittest

from cluster import Cluster, wait_until

# On an idle machine it is some milliseconds; a busy one may let a process wait for longer.
LATE_MS_MAX = 1000


def with_clock(ahead):
    """The environment of a process whose time of day is ahead by so much ("+5m"), and nothing else."""
    libraries = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    assert libraries, "the Debian package libfaketime is missing"
    return {"LD_PRELOAD": libraries[0], "FAKETIME": ahead, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def restart_with_clock(cluster, number, ahead):
    cluster.kill(number)
    cluster.start_replica(number, environment=with_clock(ahead))


def lateness_ms(cluster, writer, reader, keys):
    """How much later than their deadlines keys were gone; negative: earlier."""
    late = []
    with cluster.client(writer) as write, cluster.client(reader) as read:
        for i in range(keys):
            sent = time.monotonic()
            write.set(f"k{i}", "v", px=200)
            answered = time.monotonic()
            while read.exists(f"k{i}"):
                pass
            gone = time.monotonic()
            # It began between the two.
            late.append((1000 * (gone - answered) - 200, 1000 * (gone - sent) - 200))
    return late


def digests(cluster, numbers):
    found = []
    for number in numbers:
        with cluster.client(number) as client:
            found.append(client.execute_command("RABIA.DIGEST"))
    return found


def wait_until_equal(cluster, numbers):
    wait_until(lambda: len({str(d) for d in digests(cluster, numbers)}) == 1, "equal digests")


class ExpiryTest(unittest.TestCase):
    def check_lateness(self, cluster, writer, reader):
        late = lateness_ms(cluster, writer, reader, 15)
        self.assertLess(max(low for low, _ in late), LATE_MS_MAX, late)
        self.assertGreaterEqual(min(high for _, high in late), -1, late)
        print("late by", round(statistics.median(low for low, _ in late), 1), "ms (median)")

    def test_in_time_when_nobody_writes(self):
        with Cluster() as cluster:
            self.check_lateness(cluster, 1, 3)
            cluster.kill(1)  # The one that brings time first.
            self.check_lateness(cluster, 2, 3)
            with cluster.client(2) as client:
                client.set("rest", "v", px=300)
                before = client.info("rabia")["log_position"]
                wait_until(lambda: client.dbsize() == 0, "it is removed though nobody writes")
                after = client.info("rabia")["log_position"]
                self.assertLess(after - before, 10)  # Time is brought when it is needed, only.
                time.sleep(0.5)
                self.assertEqual(client.info("rabia")["log_position"], after)

    def test_a_clock_a_day_ahead_expires_nothing_early(self):
        with Cluster() as cluster:
            restart_with_clock(cluster, 3, "+1d")
            with cluster.client(1) as one, cluster.client(3) as three:
                self.assertGreater(three.time()[0] - one.time()[0], 80_000)
                one.set("session", "v", ex=3600)
                for i in range(20):
                    three.set(f"k{i}", "v", ex=3600)
                self.assertGreater(one.ttl("session"), 3500)
                self.assertGreater(three.ttl("k0"), 3500)
                self.assertEqual(one.info("stats")["expired_keys"], 0)
                self.assertEqual(three.info("rabia")["own_clock_is_wrong"], 1)
                self.assertEqual(one.info("rabia")["own_clock_is_wrong"], 0)
                self.check_lateness(cluster, 3, 1)
            wait_until_equal(cluster, (1, 2, 3))

    def test_a_hundred_thousand_expiries_and_evictions_under_skewed_clocks(self):
        with Cluster(options=["--set", "clock-ahead-max-seconds=1200"]) as cluster:
            for number, ahead in ((1, "-3m"), (3, "+4m")):
                restart_with_clock(cluster, number, ahead)
            # One batch of its own, so that the log's clock is the latest one before anything counts.
            with cluster.client(3) as three:
                three.set("now", "v")
                self.assertEqual(three.info("rabia")["own_clock_is_wrong"], 0)
                three.config_set("maxmemory-policy", "volatile-lfu", "max-entries", 12_000)
            expired = []

            def write(number):
                random_of = random.Random(number)
                with cluster.client(number) as client:
                    for _ in range(130):
                        pipeline = client.pipeline(transaction=False)
                        for _ in range(500):
                            key = f"k{random_of.randrange(30_000)}"
                            kind = random_of.random()
                            if kind < 0.7:
                                pipeline.set(key, number, px=random_of.randint(1, 3000))
                            elif kind < 0.8:
                                pipeline.get(key)  # A use of it, which the others are told.
                            elif kind < 0.9:
                                pipeline.pexpire(key, random_of.randint(-10, 3000), gt=kind < 0.85)
                            else:
                                pipeline.incr(f"n{key}")
                                pipeline.pexpire(f"n{key}", random_of.randint(1, 500))
                        pipeline.execute()
                    expired.append(number)

            writers = [threading.Thread(target=write, args=(n,)) for n in (1, 2, 3)]
            for writer in writers:
                writer.start()
            for writer in writers:
                writer.join()
            self.assertEqual(sorted(expired), [1, 2, 3])
            restart_with_clock(cluster, 2, "-1m")  # From its log, and a snapshot that it takes now.
            with cluster.client(2) as two, cluster.client(1) as one:
                wait_until(lambda: two.dbsize() == 1, "all are gone but one")
                self.assertGreater(one.info("stats")["expired_keys"], 25_000)
                self.assertGreater(one.info("stats")["evicted_keys"], 15_000)
                print(one.info("stats")["expired_keys"], "expired,",
                      one.info("stats")["evicted_keys"], "evicted")
                self.assertEqual(one.info("keyspace")["db0"]["expires"], 0)
            wait_until_equal(cluster, (1, 2, 3))
            for number, digest in enumerate(digests(cluster, (1, 2, 3)), 1):
                print(f"replica {number}: {digest}")


if __name__ == "__main__":
    unittest.main()
