"""kill -9 of all replicas at a random moment under load: every acknowledged write survives.

    kill_all_test.py [ROUNDS]       default 3; SEED in the environment repeats a run's choices
"""

import os
import random
import sys
import time
import unittest

from cluster import Cluster, wait_until
from load import Writer, check_kept

ROUNDS = 3
WRITERS_PER_REPLICA = 2
SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))


class KillAll(unittest.TestCase):
    # Given writers at all replicas, when all replicas are killed at a random moment and started
    # again, then at every replica everything acknowledged is there, nothing refused or never written
    # is, and no overwrite or increment is lost; round after round on the same data.
    def test_every_acknowledged_write_survives(self):
        choice = random.Random(SEED)
        print(f"seed {SEED}, {ROUNDS} rounds", flush=True)
        with Cluster() as cluster:
            for number in range(1, ROUNDS + 1):
                writers = self.kill_under_load(cluster, number, choice.uniform(0, 0.8))
                cluster.start()
                for replica in (1, 2, 3):
                    with cluster.client(replica) as client:
                        for writer in writers:
                            check_kept(self, writer, client)
                print(f"round {number}: {sum(len(each.acknowledged) for each in writers)} "
                      f"acknowledged, {sum(len(each.unknown) for each in writers)} unknown", flush=True)
            self.assertEqual(0, cluster.stop())

    def kill_under_load(self, cluster, round_number, after_seconds):
        writers = [Writer(cluster, replica, f"round{round_number}:{replica}.{number}")
                   for replica in (1, 2, 3) for number in range(WRITERS_PER_REPLICA)]
        for writer in writers:
            writer.start()
        wait_until(lambda: any(writer.acknowledged for writer in writers), "somebody writes")
        time.sleep(after_seconds)
        cluster.kill(1, 2, 3)
        for writer in writers:
            writer.join()
            writer.client.close()
        # rabia-cluster has nobody left to look after.
        self.assertEqual(1, cluster.wait())
        return writers


if __name__ == "__main__":
    if len(sys.argv) > 1:
        ROUNDS = int(sys.argv.pop(1))
    unittest.main(verbosity=2)
