"""The C++ client (include/rabia/kv/client.h) at a real cluster, while its replicas are in trouble."""

import os
import re
import signal
import subprocess
import time
import unittest

from cluster import BINARIES, PATIENCE_SECONDS, Cluster, read_line


class ClientTest(unittest.TestCase):
    # Given one client under many threads, when connections are cut, and replicas are killed, paused and
    # come back, then every increment counted once, no batch was seen by half, and what was answered
    # from its near-cache was never older than its own writes, than what it had answered before, or than
    # it may be.
    def test_it_keeps_its_word(self):
        with Cluster() as cluster:
            load = subprocess.Popen(
                [str(BINARIES / "client_load"), *(str(cluster.port(number)) for number in (1, 2, 3))],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            with load:
                try:
                    self.assertEqual(b"busy\n", read_line(load))
                    for number in (1, 2, 3):
                        self.cut_connections(cluster)
                        self.go_on(load)
                        cluster.kill(number)
                        self.go_on(load)
                        cluster.start_replica(number)
                        self.go_on(load)
                    self.pause(cluster, 2, load)
                    load.stdin.close()
                    self.check(read_line(load).decode())
                    self.assertEqual(0, load.wait(PATIENCE_SECONDS))
                finally:
                    load.kill()

    def cut_connections(self, cluster):
        """Those of the load, at all replicas; and once more when there are new ones."""
        for _ in range(2):
            for number in (1, 2, 3):
                with cluster.client(number) as client:
                    client.client_kill_filter(_type="normal", skipme=True)
            time.sleep(0.05)

    def pause(self, cluster, number, load):
        """One that is silent does not hold the load up; and what it answers late does no harm."""
        os.kill(cluster.pid(number), signal.SIGSTOP)
        try:
            self.go_on(load)
        finally:
            os.kill(cluster.pid(number), signal.SIGCONT)
        self.go_on(load)

    def go_on(self, load):
        load.stdin.write(b"\n")
        load.stdin.flush()
        self.assertEqual(b"busy\n", read_line(load))

    def check(self, line):
        self.assertRegex(line, "^ok: ")
        print(line, end="")
        numbers = {name: int(number) for name, number in re.findall(r"(\w+) (\d+)", line)}
        for name in ("increments", "retries", "failures", "hits", "misses", "invalidations"):
            self.assertGreater(numbers[name], 0, name)
        # It followed changes at another replica when that of its watch was gone.
        self.assertGreater(numbers["watches"], 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
