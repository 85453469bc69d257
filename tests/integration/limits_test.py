"""Limits of the store: the same on all replicas, and of what a process really takes."""

import pathlib
import random
import re
import unittest

import redis

from cluster import Cluster, wait_until
from expiry_test import wait_until_equal
from settings_test import Server

OOM = "OOM command not allowed when used memory > 'maxmemory'"


def resident_bytes(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return 1024 * int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1))


def in_batches(client, count, write):
    for begin in range(0, count, 5_000):
        pipeline = client.pipeline(transaction=False)
        for i in range(begin, min(begin + 5_000, count)):
            write(pipeline, i)
        pipeline.execute()


class Limits(unittest.TestCase):
    # Given a limit that was set at one replica, then writes are refused at all of them, and deletes make
    # room again.
    def test_all_replicas_refuse_alike(self):
        with Cluster() as cluster, cluster.client(1) as one, cluster.client(2) as two, \
                cluster.client(3) as three:
            one.set("big", "v" * 200_000)
            two.config_set("maxmemory", "100kb")
            for client in (one, two, three):
                with self.assertRaisesRegex(redis.ResponseError, "maxmemory"):
                    client.set("new", "v")
                self.assertEqual(client.config_get("max*memory*")["maxmemory"], "102400")
                with self.assertRaisesRegex(redis.ResponseError, "Transaction discarded.*" + OOM):
                    client.execute_command("MULTI")
                    client.execute_command("SET", "new", "v")
                    client.execute_command("EXEC")
            self.assertIsNone(three.get("new"))
            self.assertEqual(three.delete("big"), 1)
            self.assertTrue(two.set("new", "v"))
            three.config_set("max-entries", 1)
            with self.assertRaisesRegex(redis.ResponseError, "max-entries"):
                one.set("other", "v")
            self.assertTrue(one.set("new", "w"))
            wait_until_equal(cluster, (1, 2, 3))
            # They are the cluster's: a replica that comes back has them.
            cluster.kill(2)
            cluster.start_replica(2)
            with cluster.client(2) as back:
                self.assertEqual(back.config_get("max-entries"), {"max-entries": "1"})

    # Given limits that the cluster was founded with, then they are in force; what a replica is started
    # with later is not, and is said in its log.
    def test_limits_of_the_start_are_those_of_the_founding(self):
        with Cluster(options=["--set", "max-entries=2"]) as cluster:
            with cluster.client(1) as one, cluster.client(3) as three:
                wait_until(lambda: three.config_get("max-entries")["max-entries"] == "2", "founded")
                one.mset({"a": 1, "b": 2})
                with self.assertRaisesRegex(redis.ResponseError, "max-entries"):
                    three.set("c", 3)
                one.config_set("max-entries", 3)
                three.set("c", 3)
            cluster.kill(3)
            cluster.start_replica(3)
            with cluster.client(3) as three:
                self.assertEqual(three.config_get("max-entries")["max-entries"], "3")
            log = cluster.data / "3" / "log"
            wait_until(lambda: "cluster=3 started_with=2" in log.read_text(), "the warning")

    # Given allkeys-lru, and keys that are read at one replica only, when others are written at another
    # replica until many had to go, then those that were read are there, everywhere.
    def test_what_is_read_anywhere_stays(self):
        with Cluster() as cluster, cluster.client(1) as one, cluster.client(2) as two, \
                cluster.client(3) as three:
            one.config_set("maxmemory-policy", "allkeys-lru", "maxmemory-samples", 20)
            one.mset({f"cold{i}": "v" * 100 for i in range(1000)})
            one.mset({f"hot{i}": "v" * 100 for i in range(50)})
            one.config_set("max-entries", 1050)
            hot = [f"hot{i}" for i in range(50)]
            written = 0

            def told():
                nonlocal written
                three.mget(hot)
                written += 1
                two.set(f"new{written}", "v")  # Time passes in the log, too.
                return max(one.object("idletime", key) for key in hot) == 0 and \
                    one.object("idletime", "cold999") > 1
            wait_until(told, "the reads are known at another replica")
            for i in range(500):
                two.set(f"other{i}", "v" * 100)
                if i % 100 == 0:
                    three.mget(hot)
            self.assertEqual(one.exists(*hot), 50)
            self.assertEqual(one.dbsize(), 1050)
            self.assertGreater(one.info("stats")["evicted_keys"], 400)
            wait_until_equal(cluster, (1, 2, 3))


class Account(unittest.TestCase):
    # Given keys of several shapes, then what is counted for them is within a tenth of what the process
    # takes more than before.
    def check(self, write, count, policy="noeviction"):
        with Server(durability="os", enable_notifications="false", snapshot_log_bytes="1TiB",
                    snapshot_every_seconds=31536000) as server, server.client() as client:
            client.config_set("maxmemory-policy", policy)
            # Buffers and pages that any load needs.
            in_batches(client, 20_000, lambda pipeline, i: pipeline.set(f"k{i % 10}", "v" * 100))
            client.flushall()
            before = resident_bytes(server) - client.info("memory")["used_memory_dataset"]
            in_batches(client, count, write)
            counted = client.info("memory")["used_memory_dataset"]
            taken = resident_bytes(server) - before
            print(f"{self.id()}: counted {counted}, taken {taken}: {counted / taken:.3f}")
            self.assertLess(abs(counted / taken - 1), 0.1)

    def test_small_values(self):
        self.check(lambda pipeline, i: pipeline.set(f"key:{i}", "v" * 20), 700_000)

    def test_values_of_any_size(self):
        sizes = random.Random(1)
        self.check(lambda pipeline, i: pipeline.set(f"key:{i}", "v" * sizes.randrange(2_000)), 90_000)

    def test_large_values(self):
        self.check(lambda pipeline, i: pipeline.set(f"key:{i}", "v" * 20_000), 5_000)

    def test_values_that_grow(self):
        self.check(lambda pipeline, i: pipeline.append(f"key:{i % 60_000}", "v" * 97), 500_000)

    def test_keys_that_expire_and_whose_use_is_kept(self):
        self.check(lambda pipeline, i: pipeline.set(f"key:{i}", "v" * 40, ex=3600 + i % 1000),
                   500_000, policy="allkeys-lru")


if __name__ == "__main__":
    unittest.main()
