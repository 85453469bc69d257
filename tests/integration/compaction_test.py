"""The log does not grow for ever, and a replica that was away longer than it lasts comes back."""

import unittest

from cluster import Cluster, wait_until

MIB = 1 << 20
KEYS = 2000
VALUE_BYTES = 1000
SETTINGS = ("--set", "snapshot-log-bytes=2MiB", "--set", "segment-bytes=1MiB")
# Two snapshots and one that is being written, each of all keys; the log since the older one, and what
# comes while the next is written; a segment that is cut short at either end, and the spare.
SNAPSHOT_BYTES = KEYS * (VALUE_BYTES + 40)
DISK_BYTES_MAX = 3 * SNAPSHOT_BYTES + 3 * 2 * MIB + 4 * MIB


def write(client, rounds):
    """Overwrites all keys so many times: a batch of each hundred."""
    for turn in range(rounds):
        for first in range(0, KEYS, 100):
            client.mset({f"k{key}": f"{turn}.{key}.".ljust(VALUE_BYTES, "x")
                         for key in range(first, first + 100)})


def info(cluster, number):
    with cluster.client(number) as client:
        return client.info("rabia")


def digest(cluster, number):
    with cluster.client(number) as client:
        return client.execute_command("RABIA.DIGEST")


class Compaction(unittest.TestCase):
    # Given three replicas and many times more writes than a log may hold, when one of them is away for
    # longer than the others keep their logs, then it comes back by a snapshot, all have equal digests,
    # no disk holds more than the bound, and each starts again from its snapshot.
    def test_a_replica_away_for_long_comes_back_by_a_snapshot(self):
        with Cluster(options=SETTINGS) as cluster:
            cluster.kill(3)
            with cluster.client(1) as client:
                write(client, 20)
            wait_until(lambda: info(cluster, 1)["log_bytes"] < DISK_BYTES_MAX, "the log is cut off")
            cluster.start_replica(3)
            self.assertGreaterEqual(info(cluster, 3)["snapshots_installed"], 1)
            self.assert_equal(cluster)
            for number in (1, 2, 3):
                self.assertLess(self.disk_bytes(cluster, number), DISK_BYTES_MAX)
            with cluster.client(3) as client:
                write(client, 3)
            cluster.kill(1, 2, 3)
            for number in (1, 2, 3):
                cluster.start_in_background(number)
            for number in (1, 2, 3):
                cluster.wait_until_serving(number)
            self.assert_equal(cluster)
            with cluster.client(2) as client:
                self.assertEqual(KEYS, client.dbsize())
                self.assertTrue(client.get("k42").startswith(b"2.42."))

    def assert_equal(self, cluster):
        # Reads are linearizable, and nobody writes: equal positions, then equal digests.
        wait_until(lambda: len({digest(cluster, number)[0] for number in (1, 2, 3)}) == 1,
                   "all are at one position")
        position, value = digest(cluster, 1)
        self.assertEqual(1, len({digest(cluster, number)[1] for number in (1, 2, 3)}))
        for number in (1, 2, 3):
            self.assert_has_compared(cluster, number, position, value.decode())

    def assert_has_compared(self, cluster, number, position, value):
        # A replica hears from the others that their states are equal to its own.
        peers = [f"peer{peer}" for peer in {1, 2, 3} - {number}]
        wait_until(lambda: all(info(cluster, number)[peer]["digest_agrees_position"] == position
                               for peer in peers), f"replica {number} has compared its state")
        fields = info(cluster, number)
        self.assertEqual(value, str(fields["digest"]))
        self.assertEqual(position, fields["digest_agrees_position"])
        self.assertEqual(0, fields["digest_differs"])
        self.assertEqual([0, 0], [fields[peer]["digest_differs_position"] for peer in peers])

    def disk_bytes(self, cluster, number):
        data = cluster.data / str(number)
        return sum(file.stat().st_size for folder in ("wal", "snapshots")
                   for file in data.rglob(f"{folder}/*") if file.is_file())


if __name__ == "__main__":
    unittest.main(verbosity=2)
