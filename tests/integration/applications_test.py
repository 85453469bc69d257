"""Applications of npm at two replicas of three, one of which is killed while they work."""

import pathlib
import subprocess
import unittest

from cluster import PATIENCE_SECONDS, Cluster, read_line

HERE = pathlib.Path(__file__).parent


class Applications(unittest.TestCase):
    # Given two express applications with connect-redis, each at a replica of its own, when one of the
    # replicas is killed under their users, and comes back, then every user is still logged in
    # everywhere, with what was acknowledged last.
    def test_no_acknowledged_session_is_lost(self):
        self.survive_the_death_of_replica_1("sessions.mjs")

    # Given workers with connections of their own, which count with WATCH and MULTI, when the replica
    # of half of them is killed, and comes back, then each increment counted once.
    def test_no_increment_is_lost_or_counted_twice(self):
        self.survive_the_death_of_replica_1("counters.mjs")

    def survive_the_death_of_replica_1(self, script):
        with Cluster() as cluster:
            node = subprocess.Popen(["node", str(HERE / script), str(cluster.port(1)), str(cluster.port(2))],
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            with node:
                try:
                    self.assertEqual(b"busy\n", read_line(node))
                    cluster.kill(1)
                    self.say(node, "killed")
                    self.assertEqual(b"survived\n", read_line(node))
                    cluster.start_replica(1)
                    self.say(node, "back")
                    line = read_line(node)
                    self.assertRegex(line, b"^ok: ")
                    print(f"{script} {line.decode()}", end="")
                    self.assertEqual(0, node.wait(PATIENCE_SECONDS))
                finally:
                    node.kill()

    def say(self, node, word):
        node.stdin.write(word.encode() + b"\n")
        node.stdin.flush()


if __name__ == "__main__":
    unittest.main(verbosity=2)
