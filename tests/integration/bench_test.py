"""rabia-bench: what it says of servers is what the servers say of themselves."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import redis

from cluster import BINARIES, PATIENCE_SECONDS, Cluster, PortBlock, wait_until


class Bench:
    """One run of rabia-bench, to its end: its exit code, what it printed, and its JSON."""

    def __init__(self, *flags):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "figures.json"
            done = subprocess.run([str(BINARIES / "rabia-bench"), "--json", str(path),
                                   *(str(flag) for flag in flags)], capture_output=True, text=True,
                                  check=False, timeout=10 * PATIENCE_SECONDS)
            self.json = json.loads(path.read_text()) if path.exists() else None
        self.code = done.returncode
        self.out = done.stdout
        self.err = done.stderr


@contextlib.contextmanager
def redis_server():
    """A Redis server in a directory of its own; gives its port and its process's number."""
    ports = PortBlock()
    directory = tempfile.mkdtemp(prefix="rabia-test-")
    port = ports.base + 1
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, directory)
        stack.callback(ports.close)
        process = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1",
                                    "--dir", directory, "--save", ""], stdout=subprocess.DEVNULL)
        stack.callback(process.wait)
        stack.callback(process.kill)

        def answers():
            with contextlib.suppress(redis.ConnectionError):
                return redis.Redis(port=port).ping()
        wait_until(answers, "Redis answers")
        yield port, process.pid


def calls_of(port, command):
    """How often the server executed a command."""
    with contextlib.closing(redis.Redis(port=port)) as client:
        return client.info("commandstats").get(f"cmdstat_{command}", {"calls": 0})["calls"]


class OnRedis(unittest.TestCase):
    # Given a number of requests, on several threads and with pipelines that do not divide it, when
    # they were sent, then the server counts exactly so many, and the JSON says the same.
    def test_counts_are_those_of_the_server(self):
        with redis_server() as (port, pid):
            bench = Bench("--targets", f"127.0.0.1:{port}", "--requests", 10_007, "--connections", 7,
                          "--threads", 3, "--pipeline", 16, "--keys", 1000, "--pids", pid)
            self.assertEqual((0, ""), (bench.code, bench.err))
            self.assertEqual(10_007, calls_of(port, "set"))
            for field in ("sent", "answered", "completed"):
                self.assertEqual(10_007, bench.json[field])
            self.assertEqual(10_007, bench.json["latency_us"]["writes"]["count"])
            self.assertGreater(bench.json["latency_us"]["all"]["p50"], 0)
            self.assertEqual(pid, bench.json["cpu"]["servers"][0]["pid"])

    # Given a preload, then every key is there once, no read misses, and a mix has both.
    def test_preload_writes_every_key(self):
        with redis_server() as (port, _):
            bench = Bench("--targets", f"127.0.0.1:{port}", "--requests", 2000, "--keys", 5003,
                          "--preload", "--mix", "get=50,incr=25,mset:3=25", "--threads", 2)
            self.assertEqual(0, bench.code, bench.out)
            self.assertEqual(5003, calls_of(port, "set"))
            self.assertEqual(0, bench.json["misses"])
            sent = {name: calls_of(port, name) for name in ("get", "incr", "mset")}
            self.assertEqual(2000, sum(sent.values()))
            self.assertEqual(sent["get"], bench.json["latency_us"]["reads"]["count"])

    # Given transactions, then each is one operation with all of its replies.
    def test_a_transaction_is_one_operation(self):
        with redis_server() as (port, _):
            bench = Bench("--targets", f"127.0.0.1:{port}", "--requests", 500, "--mix", "multi:4",
                          "--keys", 100, "--pipeline", 8)
            self.assertEqual(0, bench.code, bench.out)
            self.assertEqual((500, 2000), (calls_of(port, "exec"), calls_of(port, "set")))
            self.assertEqual(500, bench.json["completed"])

    # Given a rate, then so many operations are begun, however slow the machine is at the moment.
    def test_the_rate_is_held(self):
        with redis_server() as (port, _):
            bench = Bench("--targets", f"127.0.0.1:{port}", "--rate", 2000, "--seconds", 1,
                          "--warmup", 0.25, "--keys", 100, "--connections", 10)
            self.assertEqual(0, bench.code, bench.out)
            self.assertEqual(2500, bench.json["sent"])
            self.assertEqual(2000, bench.json["latency_us"]["all"]["count"])

    # Given a server that is stopped for a while, when the rate goes on, then the latency has the
    # whole wait of those that could not be sent, not of one operation for each connection alone.
    def test_what_could_not_be_sent_has_waited_too(self):
        with redis_server() as (port, pid):
            def pause():
                os.kill(pid, signal.SIGSTOP)
                time.sleep(0.5)
                os.kill(pid, signal.SIGCONT)
            pausing = threading.Timer(1, pause)
            pausing.start()
            bench = Bench("--targets", f"127.0.0.1:{port}", "--rate", 1000, "--seconds", 2,
                          "--connections", 1, "--keys", 100, "--gap")
            pausing.join()
            self.assertEqual(0, bench.code, bench.out)
            # A quarter of all was to be sent during the pause.
            self.assertGreater(bench.json["latency_us"]["all"]["p90"], 200_000)
            self.assertGreater(bench.json["gap"]["milliseconds"], 400)

    # Given replies that are errors, then they are counted and shown and the exit code tells, unless
    # they are allowed.
    def test_error_replies_are_reported(self):
        with redis_server() as (port, _):
            redis.Redis(port=port).config_set("maxmemory", "1")
            flags = ("--targets", f"127.0.0.1:{port}", "--requests", 100, "--keys", 100)
            bench = Bench(*flags)
            self.assertEqual(1, bench.code)
            self.assertEqual(100, bench.json["errors"]["count"])
            self.assertIn("OOM", bench.json["errors"]["first"][0])
            self.assertIn("OOM", bench.out)
            self.assertEqual(0, Bench(*flags, "--allow-errors").code)


class OnACluster(unittest.TestCase):
    # Given three replicas, when each gets its share, then all have it, and each its own figures.
    def test_connections_are_spread_over_all_targets(self):
        with Cluster() as cluster:
            targets = ",".join(f"127.0.0.1:{cluster.port(number)}" for number in (1, 2, 3))
            bench = Bench("--targets", targets, "--requests", 3000, "--pipeline", 4, "--keys", 500,
                          "--preload", "--connections", 6, "--mix", "set=50,get=50",
                          "--pids", ",".join(str(cluster.pid(number)) for number in (1, 2, 3)))
            self.assertEqual(0, bench.code, bench.out + bench.err)
            self.assertEqual((3000, 0), (bench.json["completed"], bench.json["misses"]))
            self.assertEqual(3000, sum(each["completed"] for each in bench.json["targets"]))
            self.assertTrue(all(each["completed"] > 0 for each in bench.json["targets"]))
            with cluster.client(3) as client:
                self.assertEqual(500, client.dbsize())

    # Given a replica that dies under load, then its connections are reported as lost, the others go
    # on, and the exit code tells.
    def test_a_target_that_dies_is_reported(self):
        with Cluster() as cluster:
            targets = ",".join(f"127.0.0.1:{cluster.port(number)}" for number in (1, 2, 3))
            killing = threading.Timer(0.5, cluster.kill, [3])
            killing.start()
            bench = Bench("--targets", targets, "--seconds", 1.5, "--keys", 500, "--connections", 6)
            killing.join()
            self.assertEqual(1, bench.code)
            self.assertEqual([0, 0, 2], [each["lost_connections"] for each in bench.json["targets"]])
            self.assertIn(f"127.0.0.1:{cluster.port(3)}: connection lost", bench.out)
            self.assertGreater(bench.json["targets"][0]["completed"], 0)


class Refusals(unittest.TestCase):
    # Given a target where nobody listens, or a process that is none, then that is said, and nothing
    # is measured.
    def test_a_dead_target_is_reported(self):
        ports = PortBlock()
        bench = Bench("--targets", f"127.0.0.1:{ports.base + 1}")
        ports.close()
        self.assertEqual(3, bench.code)
        self.assertIn(f"127.0.0.1:{ports.base + 1}: Connection refused", bench.err)
        self.assertIsNone(bench.json)
        bench = Bench("--pids", "999999999")
        self.assertEqual(3, bench.code)
        self.assertIn("no process 999999999", bench.err)

    # Given a command line that cannot be meant, then the exit code is that of all programs here.
    def test_a_wrong_command_line_is_refused(self):
        bench = Bench("--mix", "sett")
        self.assertEqual(2, bench.code)
        self.assertIn("there are set, get", bench.err)


if __name__ == "__main__":
    unittest.main()
