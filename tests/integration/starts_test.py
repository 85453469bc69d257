"""Starting and stopping: what is refused, with what words, and what is kept."""

import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import unittest
from unittest import mock

import redis

from cluster import BINARIES, PATIENCE_SECONDS, Cluster, is_alive, wait_until


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
            self.assertFalse(any(is_alive(pid) for pid in pids))
            cluster.start()
            for number in (1, 2, 3):
                with cluster.client(number) as client:
                    self.assertEqual(100, client.dbsize())
                    self.assertEqual(b"42", client.get("k42"))

    # Given a replica killed and started again by hand, when rabia-cluster is stopped, then it stops
    # its own children only, and says who is left; while that one runs, the next start is refused with
    # what to do; and when all are stopped, it has everything.
    def test_a_replica_started_by_hand_is_left_alone(self):
        with Cluster() as cluster:
            cluster.kill(2)
            by_hand = cluster.start_replica(2)
            with cluster.client(2) as client:
                client.set("a", "1")
            self.assertEqual(0, cluster.stop())
            self.assertIsNone(by_hand.poll())
            self.assertIn(f"replica 2 goes on as process {by_hand.pid} (started by hand)",
                          cluster.error_text())
            code, message = outcome(*cluster.command())
            self.assertEqual(1, code)
            self.assertIn(f"replica 2 runs already as process {by_hand.pid} (started by hand): "
                          f"kill {by_hand.pid}", message)
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
            wait_until(lambda: not any(is_alive(pid) for pid in pids), "the replicas are gone")
            cluster.start()
            with cluster.client(2) as client:
                self.assertEqual(b"1", client.get("a"))

    # Given SIGINT, as from a terminal, then the stop is clean too.
    def test_interrupt_stops_cleanly(self):
        with Cluster(replicas=1) as cluster:
            cluster.process.send_signal(signal.SIGINT)
            self.assertEqual(0, cluster.wait())


    # Given a password in the environment, when a cluster is started, then clients must give it; it is
    # in no command line, and the file that holds it is for the owner only.
    def test_a_password_from_the_environment(self):
        with mock.patch.dict(os.environ, RABIA_REQUIREPASS="the secret"), Cluster() as cluster:
            with cluster.client(1) as client, self.assertRaises(redis.AuthenticationError):
                client.get("a")
            with cluster.client(1, password="the secret") as client:
                self.assertIsNone(client.get("a"))
            for pid in (cluster.process.pid, cluster.pid(1)):
                self.assertNotIn("secret", pathlib.Path(f"/proc/{pid}/cmdline").read_text())
            file = cluster.data / "1" / "rabia.toml"
            self.assertIn("the secret", file.read_text())
            self.assertEqual(0o600, stat.S_IMODE(file.stat().st_mode))


class LostReplicas(unittest.TestCase):
    # Given a founded cluster one replica of which lost its data, when it is started, then the majority
    # is ready and has the data, and the warning names the one that is missing, and why.
    def test_a_majority_is_ready_without_a_replica_that_refuses(self):
        with Cluster() as cluster:
            with cluster.client(1) as client:
                client.set("a", "1")
            cluster.stop()
            shutil.rmtree(cluster.data / "2" / "data")
            cluster.start()
            self.assertRegex(cluster.error_text(),
                             "warning: going on without replica 2, which .*holds no replica")
            for number in (1, 3):
                with cluster.client(number) as client:
                    self.assertEqual(b"1", client.get("a"))
            self.assertEqual(0, cluster.stop())

    # Given a founded cluster the majority of which lost its data, when it is started, then it is not
    # ready, ends with code 1, and shows why.
    def test_a_minority_is_not_started(self):
        with Cluster() as cluster:
            cluster.stop()
            for number in ("1", "3"):
                shutil.rmtree(cluster.data / number / "data")
            done = subprocess.run(cluster.command(), capture_output=True, check=False, text=True,
                                  timeout=PATIENCE_SECONDS)
            self.assertEqual(1, done.returncode, done.stderr)
            self.assertEqual("", done.stdout)
            self.assertIn("holds no replica", done.stderr)
            self.assertNotIn("message=setting", done.stderr)


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
        for words, reason in (
                (["--set", "maxclients=0"], "maxclients: '0' is not a number from 1 to 1000000"),
                (["--port", "55534", "--replicas", "3"], "port 55534 leaves no room")):
            with tempfile.TemporaryDirectory() as directory:
                code, message = outcome(BINARIES / "rabia-cluster", "--data", directory, *words)
            self.assertEqual(2, code)
            self.assertIn(reason, message.splitlines()[-1])


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
            self.assertTrue(is_alive(before))

    # Given a port of a replica that another program listens on, when it is started, then the refusal
    # names the address, and the setting to change.
    def test_an_address_in_use(self):
        with Cluster() as cluster:
            cluster.stop()
            for port, setting in ((cluster.peer_port(1), "peer-port (port + 10000"),
                                  (cluster.port(1), "bind and port")):
                with socket.socket() as taken:
                    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    taken.bind(("127.0.0.1", port))
                    taken.listen()
                    code, message = outcome(*cluster.replica_command(1))
                self.assertEqual(1, code)
                reason = message.splitlines()[-1]
                self.assertIn(f"127.0.0.1:{port}: Address already in use", reason)
                self.assertIn(setting, reason)

    # Given a founded cluster, when a replica is started with a list of members of its own, then it is
    # refused, and both lists are named.
    def test_another_list_of_members(self):
        with Cluster() as cluster:
            cluster.stop()
            file = cluster.data / "1" / "rabia.toml"
            kept = [line for line in file.read_text().splitlines() if not line.startswith("member")]
            file.write_text("\n".join(kept))
            code, message = outcome(*cluster.replica_command(1))
            self.assertEqual(1, code)
            reason = message.splitlines()[-1]
            self.assertRegex(reason, r"was founded with members \D*1\D+2\D+3\D")

    # Given a misspelt setting on the command line or in a file, then refused with the nearest name.
    def test_unknown_settings(self):
        code, message = self.server("--max-clients", "5")
        self.assertEqual(2, code)
        self.assertIn("unknown setting 'max-clients': did you mean 'maxclients'?",
                      message.splitlines()[-1])
        with Cluster(replicas=1) as cluster:
            file = cluster.directory / "bad.toml"
            file.write_text("id = 1\nkey-byte-max = 5\n")
            code, message = self.server("--config", file)
            self.assertEqual(2, code)
            self.assertIn(f"{file}:2: unknown setting 'key-byte-max': did you mean 'key-bytes-max'?",
                          message)


if __name__ == "__main__":
    unittest.main(verbosity=2)
