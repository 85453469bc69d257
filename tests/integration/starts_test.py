"""Starting and stopping: what is refused, with what words, and what is kept."""

import pathlib
import re
import signal
import socket
import subprocess
import unittest

from cluster import BINARIES, PATIENCE_SECONDS, Cluster, alive, wait_until


def outcome(*command):
    """Exit code and stderr of a program that is expected to end by itself."""
    done = subprocess.run([str(word) for word in command], capture_output=True, check=False,
                          timeout=PATIENCE_SECONDS, text=True)
    return done.returncode, done.stderr


class Documentation(unittest.TestCase):
    # Given the flags that --help shows, then docs/configuration.md has every one of them.
    def test_every_flag_is_documented(self):
        document = pathlib.Path(__file__).parents[2] / "docs" / "configuration.md"
        text = document.read_text()
        for program in ("rabia-server", "rabia-cluster"):
            shown = subprocess.run([BINARIES / program, "--help"], check=True, capture_output=True)
            flags = re.findall(r"^ +(?:-h,)?--([a-z-]+)", shown.stdout.decode(), re.MULTILINE)
            self.assertGreater(len(flags), 5)
            for flag in flags:
                self.assertRegex(text, rf"`(--)?{flag}\b", f"{program} --{flag}")


class StopAndStart(unittest.TestCase):
    # Given a cluster with data, when it is stopped cleanly and started again, then the exit code is 0,
    # no pid file is left meanwhile, and the data is there at every replica.
    def test_a_clean_stop_keeps_the_data(self):
        with Cluster() as cluster:
            with cluster.client(1) as client:
                client.mset({f"k{number}": number for number in range(100)})
            pids = [cluster.pid(number) for number in (1, 2, 3)]
            self.assertEqual(0, cluster.stop())
            self.assertEqual([None] * 3, [cluster.pid_or_none(number) for number in (1, 2, 3)])
            self.assertFalse(any(alive(pid) for pid in pids))
            cluster.start()
            for number in (1, 2, 3):
                with cluster.client(number) as client:
                    self.assertEqual(100, client.dbsize())
                    self.assertEqual(b"42", client.get("k42"))

    # Given a replica killed and started again by hand, when rabia-cluster is stopped, then it stops
    # its own children only; and when all are stopped, the next start has everything.
    def test_a_replica_started_by_hand_is_left_alone(self):
        with Cluster() as cluster:
            cluster.kill(2)
            by_hand = cluster.start_replica(2)
            with cluster.client(2) as client:
                client.set("a", "1")
            self.assertEqual(0, cluster.stop())
            self.assertIsNone(by_hand.poll())
            by_hand.terminate()
            self.assertEqual(0, by_hand.wait(PATIENCE_SECONDS))
            cluster.start()
            with cluster.client(3) as client:
                self.assertEqual(b"1", client.get("a"))

    # Given rabia-cluster killed with -9, then its replicas stop by themselves, and a new start on the
    # same directory goes on.
    def test_replicas_do_not_outlive_a_killed_rabia_cluster(self):
        with Cluster() as cluster:
            with cluster.client(1) as client:
                client.set("a", "1")
            pids = [cluster.pid(number) for number in (1, 2, 3)]
            cluster.process.kill()
            cluster.wait()
            wait_until(lambda: not any(alive(pid) for pid in pids), "the replicas are gone")
            cluster.start()
            with cluster.client(2) as client:
                self.assertEqual(b"1", client.get("a"))

    # Given SIGINT, as from a terminal, then the stop is clean too.
    def test_interrupt_stops_cleanly(self):
        with Cluster(replicas=1) as cluster:
            cluster.process.send_signal(signal.SIGINT)
            self.assertEqual(0, cluster.wait())


class ClusterRefusals(unittest.TestCase):
    # Given a cluster that runs, when another is started on its directory, then that one is refused.
    def test_a_directory_in_use(self):
        with Cluster(replicas=1) as cluster:
            code, message = outcome(*cluster.command())
            self.assertEqual(1, code)
            self.assertIn(f"a cluster is running on {cluster.data} already", message)

    # Given a port that another program listens on, when a cluster is to use it, then the refusal
    # names the port, and nothing is started.
    def test_a_port_in_use(self):
        with Cluster(replicas=1) as cluster, socket.socket() as taken:
            taken.bind(("127.0.0.1", cluster.port(3)))
            taken.listen()
            code, message = outcome(BINARIES / "rabia-cluster", "--data", cluster.directory / "new",
                                    "--replicas", "1", "--port", cluster.port(3))
            self.assertEqual(1, code)
            self.assertIn(str(cluster.port(3)), message)
            self.assertIn("--port", message)
            self.assertFalse((cluster.directory / "new" / "1" / "data").exists())

    # Given a directory with one cluster, when started as another, then refused with what it holds.
    def test_a_directory_of_another_cluster(self):
        with Cluster(replicas=1) as cluster:
            cluster.stop()
            for words in (["--replicas", "3"], ["--cluster-id", "other"], ["--durability", "memory"]):
                code, message = outcome(BINARIES / "rabia-cluster", "--data", cluster.data, "--port",
                                        cluster.port(1), *words)
                self.assertEqual(1, code, words)
                self.assertIn(f"{cluster.data} holds the cluster 'local' of 1 replicas", message)
                self.assertIn(words[0], message)

    # Given a misspelt flag or a setting out of range, then refused with what is accepted.
    def test_bad_flags(self):
        code, message = outcome(BINARIES / "rabia-cluster", "--replica", "3")
        self.assertEqual(2, code)
        self.assertIn("--replica", message)
        code, message = outcome(BINARIES / "rabia-cluster", "--set", "maxclients=0")
        self.assertEqual(2, code)
        self.assertIn("maxclients: '0' is not a number from 1 to 1000000", message)


class ServerRefusals(unittest.TestCase):
    def server(self, *words):
        return outcome(BINARIES / "rabia-server", *words)

    # Given an empty data directory and no word to found a cluster, when a replica is started, then it
    # is refused, and told of --bootstrap.
    def test_an_empty_directory_without_bootstrap(self):
        with Cluster() as cluster:
            code, message = self.server("--id", 1, "--cluster-id", "c", "--port", cluster.port(4),
                                        "--data", cluster.directory / "empty")
            self.assertEqual(1, code)
            self.assertIn("--bootstrap", message)

    # Given data of one cluster, when started under another cluster's name or another id, then refused.
    def test_the_data_of_another_cluster_or_replica(self):
        with Cluster() as cluster:
            cluster.stop()
            code, message = outcome(*cluster.replica_command(1, "--cluster-id", "other"))
            self.assertEqual(1, code)
            self.assertIn("local", message)
            self.assertIn("other", message)
            code, message = outcome(*cluster.replica_command(1, "--data", cluster.data / "2" / "data"))
            self.assertEqual(1, code)
            self.assertIn("2", message)

    # Given a replica that runs, when it is started a second time, then the second is refused, and the
    # first one's pid file is as it was.
    def test_a_data_directory_in_use(self):
        with Cluster() as cluster:
            before = cluster.pid(1)
            code, message = outcome(*cluster.replica_command(1))
            self.assertEqual(1, code)
            self.assertIn(str(cluster.data / "1" / "data"), message)
            self.assertEqual(before, cluster.pid(1))
            self.assertTrue(alive(before))

    # Given a misspelt setting on the command line or in a file, then refused with the nearest name.
    def test_unknown_settings(self):
        code, message = self.server("--max-clients", "5")
        self.assertEqual(2, code)
        self.assertIn("unknown setting 'max-clients': did you mean 'maxclients'?", message)
        with Cluster(replicas=1) as cluster:
            file = cluster.directory / "bad.toml"
            file.write_text("id = 1\nkey-byte-max = 5\n")
            code, message = self.server("--config", file)
            self.assertEqual(2, code)
            self.assertIn(f"{file}:2: unknown setting 'key-byte-max': did you mean 'key-bytes-max'?",
                          message)


if __name__ == "__main__":
    unittest.main(verbosity=2)
