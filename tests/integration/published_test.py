"""The protocol as published: a cluster of real processes that runs it, and what it refuses."""

import subprocess
import unittest

import redis

from cluster import PATIENCE_SECONDS, Cluster, wait_until

PUBLISHED = ["--durability", "memory", "--set", "protocol=published"]


def info(client):
    return client.info("rabia")


class Published(unittest.TestCase):
    # Given three replicas, when one is killed, then the others go on with what all had; and when it is
    # started again, it is refused.
    def test_a_minority_may_die_for_ever(self):
        with Cluster(options=PUBLISHED) as cluster:
            for number in (1, 2, 3):
                with cluster.client(number) as client:
                    for i in range(50):
                        client.incr("count")
                        client.set(f"{number}.{i}", i)
            for number in (1, 2, 3):
                with cluster.client(number) as client:
                    self.assertEqual(b"150", client.get("count"))
                    self.assertEqual("published", info(client)["protocol"])
                    self.assertGreater(info(client)["slots_decided"], 0)
                    self.assertGreaterEqual(info(client)["phases_per_slot"], 1)
            cluster.kill(2)
            with cluster.client(1) as client:
                self.assertEqual(151, client.incr("count"))
            with cluster.client(3) as client:
                self.assertEqual(b"151", client.get("count"))
                self.assertEqual(151, client.dbsize())
            again = cluster.start_in_background(2)
            self.assertNotEqual(0, again.wait(PATIENCE_SECONDS))
            log = (cluster.data / "2" / "log").read_text(errors="replace")
            self.assertIn("takes nobody back", log)
            cluster.start_in_background(2, "--protocol", "lanes")
            wait_until(lambda: 'other cluster: \\"' in
                       (cluster.data / "2" / "log").read_text(errors="replace"),
                       "a replica that runs lanes is refused")

    # Given a change of the members, then it is refused with what to do.
    def test_members_never_change(self):
        with Cluster(options=PUBLISHED) as cluster, cluster.client(1) as client:
            with self.assertRaisesRegex(redis.ResponseError, "never change"):
                client.execute_command("RABIA.MEMBER", "REMOVE", "3")

    # Given another durability, then nothing starts.
    def test_it_needs_durability_memory(self):
        cluster = Cluster(options=["--set", "protocol=published"])
        done = subprocess.run(cluster.command(), capture_output=True, check=False, text=True,
                              timeout=PATIENCE_SECONDS)
        cluster.__exit__(None, None, None)
        self.assertNotEqual(0, done.returncode)
        self.assertIn("it needs durability = memory", done.stderr)


if __name__ == "__main__":
    unittest.main()
