"""The Redis clients that people use, as they are, against a real cluster."""

import pathlib
import subprocess
import unittest

import redis

from cluster import Cluster, run

HERE = pathlib.Path(__file__).parent
TOOLS = HERE.parents[1] / "tools"
ANY_BYTES = bytes(range(256)) * 3


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster())

    def cli(self, replica, *words, **options):
        return run("redis-cli", "-p", self.cluster.port(replica), *words, **options)

    # Given a key set at one replica by redis-cli, when it is read at the others, then it is there.
    def test_redis_cli_reads_at_any_replica_what_was_set_at_one(self):
        self.assertEqual(b"OK\n", self.cli(1, "set", "a", "1"))
        self.assertEqual(b"1\n", self.cli(2, "get", "a"))
        self.assertEqual(b"2\n", self.cli(3, "incr", "a"))
        self.assertEqual(b"2\n", self.cli(1, "get", "a"))

    # Given redis-cli in RESP3, when it asks, then values and nulls arrive in that protocol.
    def test_redis_cli_speaks_resp3(self):
        self.cli(3, "-3", "set", "resp3", "x")
        self.assertEqual(b"x\n", self.cli(3, "-3", "get", "resp3"))
        self.assertEqual(b"(nil)\n", self.cli(3, "-3", "--no-raw", "get", "resp3 missing"))
        self.assertIn(b"proto", self.cli(3, "-3", "hello"))

    # Given a value of any bytes on stdin, when it is read at another replica, then it is the same.
    def test_redis_cli_carries_any_bytes(self):
        self.cli(1, "-x", "set", "bytes", input=ANY_BYTES)
        self.assertEqual(ANY_BYTES + b"\n", self.cli(2, "get", "bytes"))

    # Given an unknown command, when it is sent, then the error is Redis's and the client goes on.
    def test_an_unknown_command_is_an_error_and_no_more(self):
        done = subprocess.run(["redis-cli", "-p", str(self.cluster.port(1))],
                              input=b"nonsense a b\nping\n", capture_output=True, check=False)
        self.assertEqual(b"ERR unknown command 'nonsense', with args beginning with: 'a' 'b' \n\n"
                         b"PONG\n", done.stdout)

    # Given redis-benchmark, when it runs its tests with a pipeline, then it ends without an error.
    def test_redis_benchmark_runs(self):
        out = run("redis-benchmark", "-p", self.cluster.port(2), "-t", "set,get,incr,mset", "-q",
                  "-n", "20000", "-P", "16", stderr=None)
        for name in (b"SET", b"GET", b"INCR", b"MSET"):
            self.assertRegex(out, name + rb"[^\n]*: [0-9.]+ requests per second")
        self.assertNotIn(b"rror", out)

    # Given python3-redis, when it pipelines and scans, then replies are typed and in order.
    def test_python_redis_works(self):
        client = self.cluster.client(2)
        with client.pipeline(transaction=False) as pipeline:
            for number in range(1000):
                pipeline.set(f"py:{number}", number).get(f"py:{number}")
            replies = pipeline.execute()
        self.assertEqual([each for number in range(1000) for each in (True, b"%d" % number)], replies)
        reader = self.cluster.client(3)
        self.assertEqual({b"py:%d" % number for number in range(1000)},
                         set(reader.scan_iter("py:*", count=100)))
        self.assertEqual("7", reader.info()["redis_version"].split(".")[0])
        self.assertEqual("master", reader.info()["role"])
        with self.assertRaisesRegex(redis.ResponseError, "not an integer"):
            client.set("py:text", "x")
            client.incr("py:text")
        client.close()
        reader.close()

    # Given npm's redis, in RESP2 and RESP3, when its script runs, then every assertion in it holds.
    def test_npm_redis_works(self):
        self.node("node_redis.mjs")

    # Given npm's ioredis, when its script runs, then every assertion in it holds.
    def test_npm_ioredis_works(self):
        self.node("ioredis.mjs")

    def node(self, script):
        ports = [self.cluster.port(number) for number in (1, 2, 3)]
        self.assertEqual(b"ok\n", run("node", HERE / script, *ports))

    # Given the package database of this machine, when it is loaded at replica 1, then all
    # replicas give back every byte of it.
    def test_load_packages_compares_every_byte(self):
        ports = [self.cluster.port(number) for number in (1, 2, 3)]
        out = run("/usr/bin/python3", TOOLS / "load-packages", *ports)
        self.assertEqual(3, out.count(b"keys equal"))
        packages = run("dpkg-query", "-W").count(b"\n")
        self.assertIn(b"%d packages" % packages, out)

    # Given one byte changed behind its back, when load-packages compares, then it says so and fails.
    def test_load_packages_sees_a_difference(self):
        ports = [self.cluster.port(number) for number in (1, 2, 3)]
        run("/usr/bin/python3", TOOLS / "load-packages", *ports)
        with self.cluster.client(1) as client:
            key = next(client.scan_iter("package:*:description"))
            client.append(key, "!")
        done = subprocess.run(["/usr/bin/python3", TOOLS / "load-packages", "--only-compare",
                               *map(str, ports)], capture_output=True, check=False)
        self.assertEqual(1, done.returncode)
        self.assertIn(key, done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
