"""kill -9 of one replica, and of a majority, under clients' eyes."""

import os
import signal
import time
import unittest

import redis

from cluster import BINARIES, Cluster, is_alive, wait_until
from load import Writer, check_kept, longest_gap_seconds

WRITERS_PER_REPLICA = 2
# More than the replica's own limits for answering, by far: what hangs fails.
ANSWER_WITHIN_SECONDS = 30


class KillOne(unittest.TestCase):
    # Given writers at all replicas, when any one replica is killed, then writers at the other two see
    # no error, and everything acknowledged anywhere is at every replica when it has come back.
    def test_clients_of_the_others_see_no_error(self):
        with Cluster() as cluster:
            for victim in (1, 2, 3):
                with self.subTest(victim=victim):
                    self.kill_one_under_load(cluster, victim)

    def kill_one_under_load(self, cluster, victim):
        writers = [Writer(cluster, replica, f"victim{victim}:{replica}.{number}")
                   for replica in (1, 2, 3) for number in range(WRITERS_PER_REPLICA)]
        others = [writer for writer in writers if writer.replica != victim]
        for writer in writers:
            writer.start()
        wait_until(lambda: all(writer.acknowledged for writer in writers), "all writers write")
        killed_at = time.monotonic()
        cluster.kill(victim)
        counts = [len(writer.acknowledged) for writer in others]
        wait_until(lambda: all(len(writer.acknowledged) > count + 200 or not writer.is_alive()
                               for writer, count in zip(others, counts)), "the others go on")
        measured_until = time.monotonic()
        for writer in writers:
            writer.stop()
        gap = longest_gap_seconds(others, killed_at, measured_until)
        print(f"replica {victim} killed: longest time without a completed write at the others "
              f"{gap * 1000:.0f} ms")
        self.assertEqual([], [error for writer in others for error in writer.errors])

        cluster.start_replica(victim)
        for replica in (1, 2, 3):
            with cluster.client(replica) as client:
                for writer in writers:
                    check_kept(self, writer, client)

    # Given one replica killed, when rabia-cluster notices, then it says which, and how to start it,
    # and goes on with the others.
    def test_rabia_cluster_tells_of_the_death(self):
        with Cluster() as cluster:
            cluster.kill(2)
            wait_until(lambda: "replica 2 was killed by signal 9" in cluster.error_text(),
                       "rabia-cluster tells of the death")
            self.assertIn(f"{BINARIES.resolve()}/rabia-server --config {cluster.data}/2/rabia.toml",
                          cluster.error_text())
            self.assertIsNone(cluster.process.poll())
            with cluster.client(1) as client:
                self.assertTrue(client.set("a", "1"))

    # Given --restart, when a replica is killed, then it comes back by itself.
    def test_rabia_cluster_restarts_when_asked_to(self):
        with Cluster(options=["--restart"]) as cluster:
            before = cluster.pid(3)
            cluster.kill(3)
            wait_until(lambda: cluster.pid_or_none(3) not in (None, before), "replica 3 is back")
            cluster.wait_until_serving(3)


class Minority(unittest.TestCase):
    # Given a replica that slept while the others wrote, and that wakes up alone, when it is asked,
    # then it answers CLUSTERDOWN in bounded time and never the old value; and when the others are
    # back, everyone answers the new one.
    def test_a_replica_alone_never_answers_an_old_value(self):
        with Cluster() as cluster, cluster.client(1) as old, cluster.client(2) as new:
            old.set("a", "old")
            os.kill(cluster.pid(1), signal.SIGSTOP)
            new.set("a", "new")
            cluster.kill(2, 3)
            os.kill(cluster.pid(1), signal.SIGCONT)
            self.ask_alone(cluster)
            self.assertTrue(is_alive(cluster.pid(1)))
            cluster.start_replica(2)
            cluster.start_replica(3)
            for replica in (1, 2, 3):
                cluster.wait_until_serving(replica)
                with cluster.client(replica) as client:
                    self.assertEqual(b"new", client.get("a"))

    def ask_alone(self, cluster):
        errors = []
        until = time.monotonic() + 3
        while time.monotonic() < until:
            client = redis.Redis(port=cluster.port(1), socket_timeout=ANSWER_WITHIN_SECONDS)
            with client:
                for ask in (lambda: client.get("a"), lambda: client.exists("a"),
                            lambda: client.mget("a", "b"), lambda: client.strlen("a")):
                    errors.append(self.refusal_of(ask, "^CLUSTERDOWN"))
                # What is already on its way when the quorum is missed: nobody can know.
                errors.append(self.refusal_of(lambda: client.set("b", "x"),
                                              "^(CLUSTERDOWN|outcome unknown)"))
            time.sleep(0.05)
        self.assertIn("CLUSTERDOWN", errors[-1])

    def refusal_of(self, ask, wanted):
        with self.assertRaisesRegex(redis.ResponseError, wanted) as caught:
            ask()
        return str(caught.exception)

    # Given a minority, when it is asked what needs no quorum, then it answers.
    def test_a_replica_alone_still_says_what_it_is(self):
        with Cluster() as cluster:
            cluster.kill(1, 3)
            with cluster.client(2) as client:
                self.assertTrue(client.ping())
                self.assertEqual("master", client.info()["role"])
                self.assertEqual({"save": ""}, client.config_get("save"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
