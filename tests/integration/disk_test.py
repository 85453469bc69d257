"""A disk that is nearly full, full, and broken, as clients and operators see it.

A disk is full for one replica when it is told, at run time, to keep more in reserve than there is.
"""

import os
import resource
import subprocess
import time
import unittest

import redis

from cluster import Cluster, is_alive, wait_until
from load import Writer, check_kept, is_refusal, longest_gap_seconds

GIB = 1 << 30
SETTING = "disk-reserve-bytes"
# By far more than the quarter of a second after which a disk is looked at again.
SOON_SECONDS = 10


def free_bytes(cluster):
    """What is free on the disk that all replicas of the test share."""
    disk = os.statvfs(cluster.data)
    return disk.f_bavail * disk.f_frsize


def info(cluster, number):
    with cluster.client(number) as client:
        return client.info("rabia")


def state(cluster, number):
    """Whether writes are refused, and whether the replica has stepped back."""
    told = info(cluster, number)
    return told["writes_refused_for_disk"], told["stepped_back_for_disk"]


def log_of(cluster, number):
    return (cluster.data / str(number) / "log").read_text(errors="replace")


class NearlyFull(unittest.TestCase):
    # Given a replica that is to keep more room than its disk has, then it refuses what makes data
    # grow, with the numbers, and serves reads and deletions; the others take writes; INFO and the log
    # say so. When it is to keep less, it takes writes again by itself.
    def test_writes_are_refused_here_and_nothing_else(self):
        with Cluster() as cluster, cluster.client(1) as full, cluster.client(2) as other:
            full.mset({"kept": "1", "goes": "2", "goes too": "3"})
            self.assertEqual((0, 0), state(cluster, 1))
            full.config_set(SETTING, 2 * free_bytes(cluster))
            wait_until(lambda: state(cluster, 1) == (1, 0), "writes are refused")
            for write in (lambda: full.set("new", "x"), lambda: full.append("kept", "x"),
                          lambda: full.incr("n"), lambda: full.mset({"a": "1", "b": "2"})):
                with self.assertRaisesRegex(redis.ResponseError,
                                            r"^DISKFULL .* has \d+ bytes free and keeps \d+ in reserve"):
                    write()
            self.assertEqual(b"1", full.get("kept"))
            self.assertEqual(1, full.delete("goes"))
            self.assertEqual(b"3", full.getdel("goes too"))
            self.assertTrue(other.set("elsewhere", "x"))
            self.assertEqual(b"x", full.get("elsewhere"))
            self.assertIsNone(full.get("new"))
            told = info(cluster, 1)
            self.assertGreater(told["disk_free_bytes"], 0)
            self.assertGreater(told["disk_reserve_bytes"], told["disk_free_bytes"])
            self.assertEqual((0, 0), state(cluster, 2))
            self.assertIn("the disk is nearly full", log_of(cluster, 1))

            full.config_set(SETTING, GIB)
            began = time.monotonic()
            wait_until(lambda: self.is_taken(full), "writes are taken again")
            took = time.monotonic() - began
            print(f"writes are taken again after {took * 1000:.0f} ms")
            self.assertLess(took, SOON_SECONDS)
            self.assertIn("the disk has room again", log_of(cluster, 1))

    def is_taken(self, client):
        try:
            return client.set("new", "x")
        except redis.ResponseError as error:
            self.assertTrue(is_refusal(error), error)
            return False

    # Given values that the setting cannot have, and settings that cannot be changed, then each is
    # refused with what is wrong, and what was in force is.
    def test_only_what_can_be_set_is_set(self):
        with Cluster(replicas=1) as cluster, cluster.client(1) as client:
            for name, value, wanted in ((SETTING, "much", "argument must be a memory value"),
                                        (SETTING, "1MiB", "is too little for segment-bytes"),
                                        ("segment-bytes", "1MiB", "can't set immutable config"),
                                        ("disk-reserve", "1", "Unknown option")):
                with self.assertRaisesRegex(redis.ResponseError, wanted):
                    client.config_set(name, value)
            self.assertEqual({SETTING: str(GIB)}, client.config_get(SETTING))
            client.config_set(SETTING, "2GiB")
            self.assertEqual({SETTING: str(2 * GIB)}, client.config_get(SETTING))
            client.config_set(SETTING, 0)
            self.assertEqual({SETTING: "0"}, client.config_get(SETTING))


class Full(unittest.TestCase):
    # Given writers at the others, when a replica's disk has less than a quarter of its reserve, then
    # it steps back: its clients hear why, the writers see no error, the others know why it is gone.
    # With room it comes back by itself, with all that was written.
    def test_a_replica_steps_back_and_comes_back(self):
        with Cluster() as cluster, cluster.client(1) as full:
            writers = [Writer(cluster, replica, f"writer{replica}") for replica in (2, 3)]
            for writer in writers:
                writer.start()
            wait_until(lambda: all(writer.acknowledged for writer in writers), "all writers write")
            began = time.monotonic()
            full.config_set(SETTING, 5 * free_bytes(cluster))
            wait_until(lambda: state(cluster, 1) == (1, 1), "replica 1 has stepped back")
            for ask in (lambda: full.get("a"), lambda: full.set("a", "x"), lambda: full.delete("a"),
                        full.dbsize):
                with self.assertRaisesRegex(redis.ResponseError, "^DISKFULL .* takes no part until"):
                    ask()
            self.go_on(writers)
            ended = time.monotonic()
            self.assertTrue(full.ping())
            self.assertTrue(is_alive(cluster.pid(1)))
            told = info(cluster, 1)
            self.assertEqual(0, told["serving"])
            self.assertIn("its disk is full", told["not_serving_because"])
            for number in (2, 3):
                self.assertEqual(0, info(cluster, number)["peer1"]["connected"])
                self.assertRegex(log_of(cluster, number),
                                 "refused by peer.*its disk is full: it takes no part")

            full.config_set(SETTING, GIB)
            cluster.wait_until_serving(1)
            self.go_on(writers)
            for writer in writers:
                writer.stop()
            self.assertEqual([], [error for writer in writers for error in writer.errors])
            print("longest time without a completed write at the others "
                  f"{longest_gap_seconds(writers, began, ended) * 1000:.0f} ms")
            self.assert_equal(cluster)
            for writer in writers:
                check_kept(self, writer, full)

    def go_on(self, writers):
        counts = [len(writer.acknowledged) for writer in writers]
        wait_until(lambda: all(len(writer.acknowledged) > count + 200 or not writer.is_alive()
                               for writer, count in zip(writers, counts)), "the writers go on")

    def assert_equal(self, cluster):
        def digests():
            found = []
            for number in (1, 2, 3):
                with cluster.client(number) as client:
                    found.append(client.execute_command("RABIA.DIGEST"))
            return found
        wait_until(lambda: len({position for position, _ in digests()}) == 1, "one position")
        self.assertEqual(1, len({digest for _, digest in digests()}))

    # Given a replica whose disk is full when it starts, then it starts, says so and waits; and serves
    # as soon as it need not keep so much.
    def test_a_replica_starts_on_a_full_disk_and_waits(self):
        with Cluster() as cluster, cluster.client(2) as other:
            cluster.kill(1)
            other.set("a", "x")
            cluster.start_in_background(1, f"--{SETTING}", str(5 * free_bytes(cluster)))
            wait_until(lambda: self.has_stepped_back(cluster), "replica 1 waits")
            with cluster.client(1) as full:
                with self.assertRaisesRegex(redis.ResponseError, "^DISKFULL"):
                    full.get("a")
                full.config_set(SETTING, GIB)
                cluster.wait_until_serving(1)
                self.assertEqual(b"x", full.get("a"))

    def has_stepped_back(self, cluster):
        try:
            return state(cluster, 1) == (1, 1)
        except redis.ConnectionError:
            return False


class Failing(unittest.TestCase):
    # Given writers at the others, when a write of a replica's log fails, then that replica ends and
    # says why and what, the writers see no error, and with a disk that works it comes back.
    def test_a_replica_whose_log_cannot_be_written_stops(self):
        with Cluster() as cluster:
            cluster.kill(3)
            failing = self.start_with_a_disk_that_can_fail(cluster, 3)
            writers = [Writer(cluster, replica, f"writer{replica}") for replica in (1, 2)]
            for writer in writers:
                writer.start()
            wait_until(lambda: all(writer.acknowledged for writer in writers), "all writers write")
            resource.prlimit(failing.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
            _, said = failing.communicate(timeout=60)
            self.assertEqual(1, failing.returncode)
            self.assertRegex(said.decode().splitlines()[-1],
                             "the log cannot be written: write .*wal-.*: File too large")
            counts = [len(writer.acknowledged) for writer in writers]
            wait_until(lambda: all(len(writer.acknowledged) > count + 200 or not writer.is_alive()
                                   for writer, count in zip(writers, counts)), "the writers go on")
            for writer in writers:
                writer.stop()
            self.assertEqual([], [error for writer in writers for error in writer.errors])
            cluster.start_replica(3)
            with cluster.client(3) as client:
                for writer in writers:
                    check_kept(self, writer, client)

    # With a limit on the size of files the system refuses writes beyond it, if the signal that comes
    # with that is ignored: as it is in this process, and in one that inherits it.
    def start_with_a_disk_that_can_fail(self, cluster, number):
        process = subprocess.Popen(cluster.replica_command(number), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   restore_signals=False)
        cluster.by_hand.append(process)
        cluster.wait_until_serving(number)
        return process


if __name__ == "__main__":
    unittest.main(verbosity=2)
