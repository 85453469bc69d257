"""A replica that lost its data comes back; members come and go; and nobody stops writing for it.

    members_test.py             what `make test` runs
    members_test.py Long        what takes longer, for `make test-long`
"""

import shutil
import subprocess
import sys
import unittest

import redis

from cluster import BINARIES, Cluster, run, wait_until
from load import Writer, check_kept
from port_block import METRICS_PORT_OFFSET


def ctl(cluster, *words, at=1):
    return run(BINARIES / "rabia-ctl", "member", *words, "--at",
               f"127.0.0.1:{cluster.port(at)}").decode()


def refused(cluster, *words):
    """What rabia-ctl says on stderr when it fails."""
    done = subprocess.run([str(BINARIES / "rabia-ctl"), "member", *map(str, words), "--at",
                           f"127.0.0.1:{cluster.port(1)}"], capture_output=True, check=False)
    assert done.returncode != 0, done.stdout
    return done.stderr.decode()


def info(cluster, number):
    with cluster.client(number) as client:
        return client.info("rabia")


def digest(cluster, number):
    with cluster.client(number) as client:
        return client.execute_command("RABIA.DIGEST")


def new_member(cluster, number):
    """Makes a directory and a configuration for one more replica, as its operator would."""
    home = cluster.data / str(number)
    home.mkdir()
    text = (cluster.data / "1" / "rabia.toml").read_text()
    lines = []
    for line in text.splitlines():
        name = line.split(" = ")[0]
        line = {"id": f"id = {number}",
                "port": f"port = {cluster.port(number)}",
                "peer-port": f"peer-port = {cluster.peer_port(number)}",
                "metrics-port": f"metrics-port = {cluster.port(number) + METRICS_PORT_OFFSET}",
                "data": f'data = "{home}/data"',
                "pidfile": f'pidfile = "{home}/pid"'}.get(name, line)
        if name == "member":
            line = line.replace("]", f', "{number}=127.0.0.1:{cluster.peer_port(number)}"]')
        lines.append(line)
    (home / "rabia.toml").write_text("\n".join(lines) + "\n")
    return cluster.start_in_background(number, "--rejoin")


class Load:
    """Writers at these replicas; none of them may see an error."""

    def __init__(self, test, cluster, *replicas):
        self.test = test
        self.writers = [Writer(cluster, replica, f"w{replica}") for replica in replicas]

    def __enter__(self):
        for writer in self.writers:
            writer.start()
        return self

    def __exit__(self, kind, value, traceback):
        for writer in self.writers:
            writer.stop()
        if kind is not None:
            return
        for writer in self.writers:
            self.test.assertEqual(writer.errors, [])
            self.test.assertEqual(writer.refused, [])
            self.test.assertEqual(writer.unknown, [])
            self.test.assertGreater(len(writer.acknowledged), 0)


class Members(unittest.TestCase):
    # Given load, when a replica's data directory is deleted and it is started with --rejoin, then it
    # comes back without an error to any client, with an equal state, and takes writes; a start with
    # the word once more changes nothing.
    def test_a_replica_whose_data_directory_was_deleted_comes_back(self):
        with Cluster() as cluster:
            with Load(self, cluster, 1, 2) as load:
                wait_until(lambda: len(load.writers[0].acknowledged) > 200, "writes are acknowledged")
                cluster.kill(3)
                shutil.rmtree(cluster.data / "3" / "data")
                without = cluster.start_in_background(3)
                self.assertNotEqual(without.wait(60), 0, "it starts empty without the word")
                cluster.start_replica(3, "--rejoin")
                self.assertEqual(info(cluster, 3)["rejoins"], 1)
            assert_equal(cluster, 1, 2, 3)
            cluster.kill(3)
            cluster.start_replica(3, "--rejoin")
            self.assertEqual(info(cluster, 3)["rejoins"], 0)
            cluster.kill(1)
            with cluster.client(3) as client:
                self.assertTrue(client.set("written", "at 3"))

    # Given a replica whose log is damaged, then it says which file, and refuses; with the word it comes
    # back, and what it had is put aside until then.
    def test_a_damaged_log_is_named_and_survived(self):
        with Cluster(options=("--set", "segment-bytes=1MiB")) as cluster:
            with cluster.client(1) as client:
                for number in range(300):
                    client.set(f"k{number}", "x" * 8000)
            assert_equal(cluster, 1, 2, 3)
            cluster.kill(3)
            segment = sorted((cluster.data / "3" / "data" / "wal").iterdir())[0]
            damaged = bytearray(segment.read_bytes())
            damaged[len(damaged) // 2] ^= 4
            segment.write_bytes(damaged)
            self.assertNotEqual(cluster.start_in_background(3).wait(60), 0)
            log = (cluster.data / "3" / "log").read_text(errors="replace")
            self.assertIn(segment.name, log)
            self.assertIn("--rejoin", log)
            cluster.start_replica(3, "--rejoin")
            assert_equal(cluster, 1, 2, 3)
            aside = cluster.data / "3" / "data" / "wal.before-rejoin"
            wait_until(lambda: not aside.exists(), "what was put aside is removed")

    # Given load, when two members are added, two of the five killed and restarted, and the added ones
    # removed again, then no client of the others sees an error, and all states are equal.
    def test_a_cluster_grows_from_three_to_five_and_shrinks_again(self):
        with Cluster() as cluster:
            with Load(self, cluster, 1, 2):
                processes = {number: new_member(cluster, number) for number in (4, 5)}
                for number in (4, 5):
                    said = ctl(cluster, "add", "--id", number, "--address",
                               f"127.0.0.1:{cluster.peer_port(number)}", at=2)
                    self.assertIn(f"member {number} is a voter", said)
                    cluster.wait_until_serving(number)
                self.assertEqual(ctl(cluster, "list", at=4).count("voter"), 5)
                with cluster.client(5) as client:
                    self.assertTrue(client.set("written", "at 5"))
                cluster.kill(3, 4)
                with cluster.client(5) as client:
                    self.assertEqual(client.get("written"), b"at 5")
                cluster.start_replica(3)
                processes[4] = cluster.start_replica(4)
                for number in (4, 5):
                    ctl(cluster, "remove", number)
                    self.assertEqual(processes[number].wait(60), 0, "it ends by itself, cleanly")
            self.assertEqual(ctl(cluster, "list").count("voter"), 3)
            assert_equal(cluster, 1, 2, 3)

    # Given a member that is to be replaced, then the new one takes its place in one step.
    def test_a_member_is_replaced(self):
        with Cluster() as cluster:
            with Load(self, cluster, 1, 2):
                new_member(cluster, 4)
                said = ctl(cluster, "replace", 3, 4, "--address",
                           f"127.0.0.1:{cluster.peer_port(4)}")
                self.assertIn("member 4 is a voter", said)
                cluster.wait_until_serving(4)
            listed = ctl(cluster, "list", at=4).splitlines()[1:]
            self.assertEqual([line.split()[0] for line in listed], ["1", "2", "4"])
            assert_equal(cluster, 1, 2, 4)

    # Given one replica, when two more are added and it and another are removed under load at the third,
    # then it has gone from one to three to one.
    def test_one_becomes_three_becomes_one(self):
        with Cluster(replicas=1) as cluster:
            cluster.replicas = 3
            for number in (2, 3):
                new_member(cluster, number)
                ctl(cluster, "add", "--id", number, "--address",
                    f"127.0.0.1:{cluster.peer_port(number)}")
                cluster.wait_until_serving(number)
            with Load(self, cluster, 3):
                for number in (2, 1):
                    ctl(cluster, "remove", number, at=3)
            self.assertEqual(ctl(cluster, "list", at=3).count("voter"), 1)
            with cluster.client(3) as client:
                self.assertTrue(client.set("alone", "3"))

    # Unsafe or meaningless changes are refused, with the reason.
    def test_what_cannot_be_changed_is_refused_with_the_reason(self):
        with Cluster() as cluster:
            nobody = f"127.0.0.1:{cluster.peer_port(4)}"
            self.assertIn("cannot be reached", refused(cluster, "add", "--id", 4, "--address", nobody))
            self.assertIn("is a member already",
                          refused(cluster, "add", "--id", 3, "--address", nobody))
            self.assertIn("is not known", refused(cluster, "remove", 9))
            self.assertIn("is a voter already", refused(cluster, "promote", 2))
            cluster.kill(3)
            wait_until(lambda: info(cluster, 1)["peer3"]["connected"] == 0, "it is gone")
            self.assertIn("no quorum", refused(cluster, "remove", 2))
            ctl(cluster, "remove", 3)
            self.assertIn("was a member once",
                          refused(cluster, "add", "--id", 3, "--address", nobody))
            self.assertIn("was removed already", refused(cluster, "remove", 3))
            with self.assertRaises(redis.ResponseError):
                with cluster.client(1) as client:
                    client.execute_command("RABIA.MEMBER", "ADD", "x", nobody)

    # Given a member that was down when it was removed, when it is started again, then it says that it
    # was removed, also when only warnings are logged, and ends cleanly.
    def test_a_member_that_was_removed_while_it_was_down_says_so(self):
        with Cluster(options=("--set", "log-level=warning")) as cluster:
            cluster.kill(3)
            wait_until(lambda: info(cluster, 1)["peer3"]["connected"] == 0, "it is gone")
            ctl(cluster, "remove", 3)
            self.assertEqual(cluster.start_in_background(3).wait(60), 0)
            log = (cluster.data / "3" / "log").read_text(errors="replace")
            self.assertIn("removed from the cluster", log)


class Long(unittest.TestCase):
    # Given one replica under load, when the cluster grows to five members and shrinks to that one again,
    # with writers at those that stay for each part of the way, then no writer sees an error, all states are
    # equal at every stage, each removed member ends by itself, and what was acknowledged is there.
    def test_one_becomes_five_becomes_one_in_one_go(self):
        with Cluster(replicas=1) as cluster:
            cluster.replicas = 5  # So that all are ended with the test.
            processes = {}
            with Load(self, cluster, 1) as all_the_way:
                self.grow(cluster, processes, 2, 3)
                assert_equal_under_load(cluster, 1, 2, 3)
                with Load(self, cluster, 2, 3):
                    self.grow(cluster, processes, 4, 5)
                    with Load(self, cluster, 4, 5):
                        assert_equal_under_load(cluster, 1, 2, 3, 4, 5)
                    self.shrink(cluster, processes, 5, 4)
                    assert_equal_under_load(cluster, 1, 2, 3)
                self.shrink(cluster, processes, 3, 2)
            self.assertEqual(ctl(cluster, "list").count("voter"), 1)
            with cluster.client(1) as client:
                check_kept(self, all_the_way.writers[0], client)

    def grow(self, cluster, processes, *numbers):
        for number in numbers:
            processes[number] = new_member(cluster, number)
            said = ctl(cluster, "add", number, "--address",
                       f"127.0.0.1:{cluster.peer_port(number)}")
            self.assertIn(f"member {number} is a voter", said)
            cluster.wait_until_serving(number)

    def shrink(self, cluster, processes, *numbers):
        for number in numbers:
            ctl(cluster, "remove", number)
            self.assertEqual(processes[number].wait(60), 0, "it ends by itself, cleanly")


def assert_equal(cluster, *numbers):
    wait_until(lambda: len({tuple(digest(cluster, number)) for number in numbers}) == 1,
               "digests are equal")


def assert_equal_under_load(cluster, *numbers):
    """While positions move on, replicas compare their digests by themselves."""
    from_here_on = max(digest(cluster, number)[0] for number in numbers)
    wait_until(lambda: all(info(cluster, number)["digest_agrees_position"] >= from_here_on
                           for number in numbers), "digests agree later on")
    for number in numbers:
        assert info(cluster, number)["digest_differs"] == 0, f"{number} differs"


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.argv.append("Members")
    unittest.main()
