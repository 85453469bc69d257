"""Every setting seen from outside: what a server does with it that it does not do without it.

A test says with @shows which setting it is about. The last class sees that none of the table is left
out, so a new setting needs a test here. Those that CONFIG SET can change are tried both ways: given at
the start, and set while the server runs.
"""

import contextlib
import os
import pathlib
import random
import re
import shutil
import socket
import subprocess
import tempfile
import unittest
from unittest import mock

import redis

from cluster import BINARIES, PATIENCE_SECONDS, Cluster, wait_until
from port_block import PEER_PORT_OFFSET, PortBlock

ROOT = pathlib.Path(__file__).resolve().parents[2]
MIB = 1 << 20
SHOWN = {}
# What one server on this machine cannot show: by these tests.
ELSEWHERE = {
    "trust-data": {"apps/settings/settings_test.cc": "OptionsCarryEverySetting",
                   "src/consensus/node_test.cc": "options.vouched = true"},
    # What clocks that differ show.
    "clock-ahead-max-seconds": {"tests/integration/expiry_test.py": "clock-ahead-max-seconds=1200"},
}


def shows(name):
    """Marks the test by which a setting is seen."""
    def mark(test):
        SHOWN.setdefault(name, []).append(test.__qualname__)
        return test
    return mark


def settings_table():
    """name → when it changes, as the program documents itself."""
    printed = subprocess.run([BINARIES / "rabia-server", "--print-settings"], check=True,
                             capture_output=True, text=True).stdout
    rows = [line.split(" | ") for line in printed.splitlines() if line.startswith("| `")]
    return {re.match(r"\| `([a-z-]+)`", row[0]).group(1): row[3] for row in rows}


class Server:
    """One rabia-server in a directory of its own, which it founds; gone at the end of the `with`."""

    def __init__(self, *flags, environment=None, bootstrap=True, **settings):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="rabia-test-"))
        self.ports = PortBlock()
        self.log = self.directory / "log"
        given = {"id": 1, "cluster-id": "c", "port": self.ports.base + 1,
                 "data": self.directory / "data"}
        given |= {name.replace("_", "-"): value for name, value in settings.items()}
        self.flags = [f"--{name}={value}" for name, value in given.items() if value is not None]
        self.flags += flags
        self.bootstrap = bootstrap
        self.environment = os.environ | (environment or {})
        self.host = given.get("bind", "127.0.0.1")
        self.port = given["port"] or self.ports.base + 1
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, value, traceback):
        self.stop()
        if kind is not None:
            print(self.log_text())
        self.ports.close()
        shutil.rmtree(self.directory)

    def command(self, *more):
        word = ["--bootstrap"] if self.bootstrap else []
        return [BINARIES / "rabia-server", *self.flags, *word, *(str(flag) for flag in more)]

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=self.environment)
        wait_until(self.answers, "the server answers")

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE_SECONDS)

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError("the server ended: " + self.log_text())
        with contextlib.suppress(OSError):
            socket.create_connection((self.host, self.port), timeout=5).close()
            return True
        return False

    def client(self, **options):
        return redis.Redis(host=self.host, port=self.port, socket_timeout=PATIENCE_SECONDS,
                           single_connection_client=True, **options)

    def config_set(self, *pairs):
        with self.client() as client:
            client.config_set(*pairs)

    def info(self):
        with self.client() as client:
            return client.info("everything")

    def refusal(self, *more):
        """What it says when it is started like this, which it must refuse."""
        done = subprocess.run(self.command(*more), capture_output=True, text=True, check=False,
                              timeout=PATIENCE_SECONDS, env=self.environment)
        assert done.returncode in (1, 2), done
        return done.stderr.splitlines()[-1]

    def log_text(self):
        return self.log.read_text(errors="replace")


def both_ways(name, value):
    """A server that was started with a setting, then one that was told by CONFIG SET."""
    with Server(f"--{name}={value}") as server:
        yield server
    with Server() as server:
        server.config_set(name, value)
        yield server


def accepts_connections(host, port):
    try:
        socket.create_connection((host, port), timeout=5).close()
        return True
    except OSError:
        return False


class Identity(unittest.TestCase):
    # Given a replica's directory, when another replica or one of another cluster starts on it, then it
    # is refused.
    @shows("id")
    @shows("cluster-id")
    def test_a_directory_belongs_to_one_replica_of_one_cluster(self):
        with Server(id=7) as server:
            server.stop()
            self.assertIn("member 7, not to 8", server.refusal("--id=8"))
            self.assertIn("cluster c, not to other", server.refusal("--cluster-id=other"))

    # Given an empty directory, when a server starts without the word to found a cluster, then it is
    # refused.
    @shows("bootstrap")
    def test_a_cluster_is_founded_with_the_word_only(self):
        with Server() as server:
            empty = f"--data={server.directory / 'empty'}"
            server.bootstrap = False
            self.assertIn("--bootstrap", server.refusal(empty))

    # Given an empty directory, when a server starts with the word that it comes back, then it waits
    # for the others.
    @shows("rejoin")
    def test_a_replica_that_lost_its_data_waits_for_the_others(self):
        with Server("--member=2=127.0.0.1:1", "--rejoin", bootstrap=False) as server:
            self.assertEqual("no member of the cluster has been heard yet",
                             server.info()["not_serving_because"])
            server.stop()
            shutil.rmtree(server.directory / "data")
            server.flags.remove("--rejoin")
            self.assertIn("--rejoin", server.refusal())

    # Given the address of a member with a lower number, then the server connects to it.
    @shows("member")
    def test_members_are_connected_to(self):
        with socket.create_server(("127.0.0.1", 0)) as peer:
            peer.settimeout(PATIENCE_SECONDS)
            with Server(f"--member=1=127.0.0.1:{peer.getsockname()[1]}", id=2):
                peer.accept()[0].close()


class Places(unittest.TestCase):
    # Given an address and ports, then the server listens there and nowhere else.
    @shows("bind")
    @shows("port")
    @shows("peer-port")
    def test_addresses(self):
        with Server(bind="127.0.0.2") as server:
            self.assertTrue(accepts_connections("127.0.0.2", server.port))
            self.assertFalse(accepts_connections("127.0.0.1", server.port))
            self.assertTrue(accepts_connections("127.0.0.2", server.port + PEER_PORT_OFFSET))
            server.stop()
            peer_port = server.ports.base + 2
            with Server(peer_port=peer_port) as other:
                self.assertTrue(accepts_connections("127.0.0.1", other.port))
                self.assertTrue(accepts_connections("127.0.0.1", peer_port))
                self.assertFalse(accepts_connections("127.0.0.1", other.port + PEER_PORT_OFFSET))

    # Given a directory and a file for the process, then the data and the number are there, and the
    # file is gone at the end.
    @shows("data")
    @shows("pidfile")
    def test_files(self):
        with Server() as server:
            server.stop()
            data, pidfile = server.directory / "elsewhere", server.directory / "pid"
            server.flags += [f"--data={data}", f"--pidfile={pidfile}"]
            server.start()
            self.assertTrue(any((data / "wal").iterdir()))
            self.assertEqual(server.process.pid, int(pidfile.read_text()))
            server.stop()
            self.assertFalse(pidfile.exists())


class Keeping(unittest.TestCase):
    # Given each mode of durability, then only `memory` writes nothing and forgets.
    @shows("durability")
    def test_what_is_kept_after_a_restart(self):
        for mode, kept in (("always", b"1"), ("os", b"1"), ("memory", None)):
            with self.subTest(mode), Server(durability=mode) as server:
                with server.client() as client:
                    client.set("k", "1")
                self.assertEqual(kept is not None, (server.directory / "data" / "wal").exists())
                server.stop()
                server.start()
                with server.client() as client:
                    self.assertEqual(kept, client.get("k"))

    @shows("protocol")
    def test_the_protocol_is_the_one_asked_for(self):
        for protocol, durability in (("lanes", "always"), ("published", "memory")):
            with Server(protocol=protocol, durability=durability) as server:
                self.assertEqual(protocol, server.info()["protocol"])

    @shows("segment-bytes")
    def test_files_of_the_log_are_as_large_as_asked_for(self):
        with Server(segment_bytes="2MiB") as server:
            sizes = {file.stat().st_size for file in (server.directory / "data/wal").iterdir()}
            self.assertEqual(2 * MIB, max(sizes))


class Snapshots(unittest.TestCase):
    def taken(self, server, at_least):
        wait_until(lambda: server.info()["snapshots_taken"] >= at_least, "a snapshot is taken")

    @shows("snapshot-log-bytes")
    def test_a_snapshot_after_so_much_log(self):
        for server in both_ways("snapshot-log-bytes", "1MiB"):
            with server.client() as client:
                client.set("k", random.randbytes(MIB // 2))
                self.assertEqual(0, server.info()["snapshots_taken"])
                client.set("k", random.randbytes(MIB))
            self.taken(server, 1)

    @shows("snapshot-every-seconds")
    def test_a_snapshot_after_so_long(self):
        for server in both_ways("snapshot-every-seconds", 1):
            with server.client() as client:
                client.set("k", "v")
            self.taken(server, 1)

    @shows("snapshot-compression")
    def test_snapshots_are_compressed_as_asked_for(self):
        with Server() as compressed:
            self.assertLess(self.snapshot_bytes(compressed), MIB // 10)
        for server in both_ways("snapshot-compression", 0):
            self.assertGreater(self.snapshot_bytes(server), MIB)

    def snapshot_bytes(self, server):
        with server.client() as client:
            client.set("k", b"x" * MIB)
            client.save()
        files = list((server.directory / "data" / "snapshots").iterdir())
        return max(file.stat().st_size for file in files)


class Clients(unittest.TestCase):
    @shows("requirepass")
    def test_a_password_is_asked_for(self):
        for server in both_ways("requirepass", "secret word"):
            with server.client() as stranger, self.assertRaises(redis.AuthenticationError):
                stranger.get("k")
            with server.client(password="secret word") as client:
                self.assertIsNone(client.get("k"))
                client.config_set("requirepass", "another")
                self.assertIsNone(client.get("k"), "who is connected stays authenticated")
                with self.assertRaisesRegex(redis.ResponseError, "WRONGPASS"):
                    server.client(password="secret word").ping()
                client.config_set("requirepass", "")
            with server.client() as anybody:
                self.assertIsNone(anybody.get("k"))

    @shows("maxclients")
    def test_so_many_clients_and_no_more(self):
        for server in both_ways("maxclients", 2):
            wait_until(lambda server=server: self.one_is_connected(server), "nobody else is there")
            with server.client() as first, server.client() as second:
                first.ping()
                second.ping()
                with socket.create_connection((server.host, server.port), timeout=10) as third:
                    self.assertEqual(b"-ERR max number of clients reached\r\n", third.recv(100))

    def one_is_connected(self, server):
        with contextlib.suppress(redis.ConnectionError):
            return server.info()["connected_clients"] == 1
        return False

    @shows("key-bytes-max")
    def test_keys_are_no_longer(self):
        for server in both_ways("key-bytes-max", 10):
            with server.client() as client:
                client.set("k" * 10, "v")
                with self.assertRaisesRegex(redis.ResponseError, "key of 11 bytes is too large"):
                    client.set("k" * 11, "v")

    @shows("value-bytes-max")
    def test_values_are_no_longer(self):
        for server in both_ways("value-bytes-max", "1MiB"):
            with server.client() as client:
                client.set("k", b"v" * MIB)
                with self.assertRaisesRegex(redis.ResponseError, "too large"):
                    client.set("k", b"v" * (MIB + 1))
                with self.assertRaises(redis.ResponseError):
                    client.append("k", "v")


class Operation(unittest.TestCase):
    @shows("disk-reserve-bytes")
    def test_the_room_that_is_kept(self):
        disk = os.statvfs(tempfile.gettempdir())
        for server in both_ways("disk-reserve-bytes", 2 * disk.f_bavail * disk.f_frsize):
            wait_until(lambda server=server: server.info()["writes_refused_for_disk"] == 1,
                       "writes are refused")
            with server.client() as client, self.assertRaisesRegex(redis.ResponseError, "DISKFULL"):
                client.set("k", "v")

    @shows("metrics-enabled")
    @shows("metrics-bind")
    @shows("metrics-port")
    def test_metrics_over_http(self):
        with Server() as server:
            port = server.ports.base + 1 + 1000
            self.assertTrue(accepts_connections("127.0.0.1", port))
        with Server(metrics_bind="127.0.0.2") as server:
            port = server.ports.base + 2
            server.stop()
            server.flags.append(f"--metrics-port={port}")
            server.start()
            self.assertTrue(accepts_connections("127.0.0.2", port))
            self.assertFalse(accepts_connections("127.0.0.1", port))
        with Server(metrics_enabled="false") as server:
            self.assertFalse(accepts_connections("127.0.0.1", server.ports.base + 1 + 1000))

    @shows("slowlog-log-slower-than")
    def test_slow_commands_are_noted(self):
        with Server() as server, server.client() as client:
            client.ping()
            self.assertEqual(0, client.slowlog_len())
        for server in both_ways("slowlog-log-slower-than", 0):
            with server.client() as client:
                client.ping()
                self.assertGreater(client.slowlog_len(), 0)

    @shows("slowlog-max-len")
    def test_so_many_slow_commands_are_kept(self):
        for server in both_ways("slowlog-max-len", 2):
            with server.client() as client:
                client.config_set("slowlog-log-slower-than", 0)
                for _ in range(5):
                    client.ping()
                self.assertEqual(2, client.slowlog_len())

    @shows("enable-notifications")
    @shows("notification-history-bytes")
    def test_changes_are_kept(self):
        def begin(server):
            with server.client() as client:
                for _ in range(30):
                    client.set("k", b"x" * 100_000)
                return client.execute_command("RABIA.EVENTS", "FROM", 0)[0]
        with Server() as server:
            self.assertEqual(30, begin(server))
        with Server("--notification-history-bytes=1MiB") as server:
            with self.assertRaisesRegex(redis.ResponseError, "COMPACTED"):
                begin(server)
        with Server("--enable-notifications=false") as server:
            with self.assertRaisesRegex(redis.ResponseError, "enable-notifications"):
                begin(server)

    @shows("notification-buffer-size")
    def test_so_many_changes_are_noted_for_a_watcher(self):
        def filled(server):
            with server.client() as watcher, server.client() as client:
                watcher.execute_command("RABIA.WATCH")
                client.mset({str(i): i for i in range(5)})
            return server.info()["watch_buffers_filled"]
        with Server() as server:
            self.assertEqual(0, filled(server))
        for server in both_ways("notification-buffer-size", 4):
            self.assertEqual(1, filled(server))

    @shows("notify-keyspace-events")
    def test_events_of_keys_are_published(self):
        for server in both_ways("notify-keyspace-events", "Kx$"):
            with server.client() as client, server.client() as subscriber:
                self.assertEqual("$xK", client.config_get()["notify-keyspace-events"])
                messages = subscriber.pubsub(ignore_subscribe_messages=True)
                messages.psubscribe("__key*")
                self.assertIsNone(messages.get_message(timeout=PATIENCE_SECONDS))
                client.set("k", "v")
                self.assertEqual((b"__keyspace@0__:k", b"set"), self.heard(messages))
                client.delete("k")
                client.append("k", "v")
                self.assertEqual((b"__keyspace@0__:k", b"append"), self.heard(messages))
                with self.assertRaisesRegex(redis.ResponseError, "Invalid event class character"):
                    client.config_set("notify-keyspace-events", "KEy")

    def heard(self, messages):
        message = messages.get_message(timeout=PATIENCE_SECONDS)
        return message["channel"], message["data"]

    @shows("once-keep-seconds")
    def test_answers_are_kept_so_long(self):
        for server in both_ways("once-keep-seconds", 1):
            with server.client() as client:
                client.execute_command("RABIA.ONCE", "session", 1, "INCR", "n")
                client.set("forgotten", "v", px=1000)
                wait_until(lambda client=client: not client.exists("forgotten"), "a second")
                client.execute_command("RABIA.ONCE", "session", 1, "INCR", "n")
                self.assertEqual(b"2", client.get("n"))

    @shows("max-memory-bytes")
    def test_no_more_memory_is_taken(self):
        for server in both_ways("max-memory-bytes", "100kb"):
            with server.client() as client:
                wait_until(lambda client=client: client.info("memory")["maxmemory"] == 102400, "it")
                client.set("big", "v" * 200_000)
                with self.assertRaisesRegex(redis.ResponseError, "command not allowed"):
                    client.set("more", "v")

    @shows("max-entries")
    def test_no_more_keys_are_taken(self):
        for server in both_ways("max-entries", 1):
            with server.client() as client:
                wait_until(lambda client=client: client.info("memory")["max_entries"] == 1, "it")
                client.set("a", "v")
                with self.assertRaisesRegex(redis.ResponseError, "command not allowed"):
                    client.set("b", "v")

    @shows("maxmemory-policy")
    def test_the_policy_says_what_goes(self):
        for server in both_ways("maxmemory-policy", "volatile-ttl"):
            with server.client() as client:
                wait_until(lambda client=client: client.info("memory")["maxmemory_policy"] ==
                           "volatile-ttl", "it")
                client.config_set("max-entries", 2)
                client.set("a", "v", ex=2000)
                client.set("b", "v", ex=1000)
                client.set("c", "v")
                self.assertEqual([b"a", b"c"], sorted(client.keys()))

    # Given many keys to choose from, then of those that are compared the one that was used first goes:
    # with more of them it is an older one.
    @shows("maxmemory-samples")
    def test_the_more_are_compared_the_older_is_what_goes(self):
        for samples, newer in ((1, True), (64, False)):
            for server in both_ways("maxmemory-samples", samples):
                with server.client() as client:
                    wait_until(lambda client=client, samples=samples: client.config_get(
                        "maxmemory-samples")["maxmemory-samples"] == str(samples), "it")
                    client.config_set("maxmemory-policy", "allkeys-lru")
                    client.mset({f"k{i}": "v" for i in range(200)})
                    client.config_set("max-entries", 150)
                    wait_until(lambda client=client: client.dbsize() == 150, "50 are gone")
                    gone = [i for i in range(200) if not client.exists(f"k{i}")]
                    self.assertEqual(newer, max(gone) >= 100, gone)

    @shows("key-expiration-enabled")
    def test_nothing_expires(self):
        for server in both_ways("key-expiration-enabled", "no"):
            with server.client() as client:
                wait_until(lambda client=client: client.config_get("key-expiration-enabled")
                           ["key-expiration-enabled"] in ("no", "false"), "it")
                client.set("k", "v", px=1)
                wait_until(lambda client=client: client.pttl("k") == 0, "it is due")
                self.assertEqual(b"v", client.get("k"))

    @shows("log-level")
    def test_less_important_lines_are_not_logged(self):
        for server in both_ways("log-level", "error"):
            with server.client() as client:
                client.config_set("maxclients", 41)
                client.config_set("loglevel", "notice")
                client.config_set("maxclients", 42)
            self.assertIn("name=maxclients value=42", server.log_text())
            self.assertNotIn("name=maxclients value=41", server.log_text())


class Configuration(unittest.TestCase):
    # Given a file with comments, when settings are changed and CONFIG REWRITE is called, then the file
    # has the new values and is otherwise as it was, and the next start takes them; without a file
    # there is nothing to write to.
    def test_rewrite_keeps_what_was_changed(self):
        with Server() as server:
            with server.client() as client, self.assertRaisesRegex(
                    redis.ResponseError, "^The server is running without a config file"):
                client.config_rewrite()
            server.stop()
            file = server.directory / "rabia.toml"
            file.write_text("# Of the team.\nmaxclients = 50 # few\nkey_bytes_max = '1KiB'\n")
            server.flags.append(f"--config={file}")
            server.start()
            with server.client() as client:
                client.config_set("maxclients", 60, "snapshot_compression", 1, "key-bytes-max", 1024)
                client.config_rewrite()
                with self.assertRaisesRegex(redis.ResponseError, "immutable"):
                    client.config_set("maxclients", 70, "port", 1)
                with self.assertRaisesRegex(redis.ResponseError, "between 0 and 19 inclusive"):
                    client.config_set("maxclients", 70, "snapshot-compression", 20)
            self.assertEqual("# Of the team.\nmaxclients = 60 # few\nkey_bytes_max = '1KiB'\n"
                             "snapshot-compression = 1\n", file.read_text())
            server.stop()
            server.start()
            with server.client() as client:
                self.assertEqual({"maxclients": "60", "snapshot-compression": "1",
                                  "key-bytes-max": "1024"},
                                 client.config_get("maxclients", "snapshot-c*", "key-bytes-max"))

    # Given settings in the environment, then they are in force; a slip of a name is refused.
    def test_the_environment(self):
        with Server(environment={"RABIA_MAXCLIENTS": "33", "RABIA_LOGLEVEL": "warning"}) as server:
            with server.client() as client:
                self.assertEqual({"maxclients": "33", "log-level": "warning"},
                                 client.config_get("maxclients", "log-level"))
            server.environment["RABIA_MAXCLIENT"] = "5"
            self.assertIn("did you mean RABIA_MAXCLIENTS?", server.refusal())

    # Given settings in the environment of rabia-cluster, then they are in force at its replicas, but
    # for those that --set gives.
    def test_the_environment_of_a_cluster(self):
        with (mock.patch.dict(os.environ, RABIA_MAXCLIENTS="33", RABIA_KEY_BYTES_MAX="1kb"),
              Cluster(replicas=1, options=("--set", "maxclients=44")) as cluster,
              cluster.client(1) as client):
            self.assertEqual({"maxclients": "44", "key-bytes-max": "1024"},
                             client.config_get("maxclients", "key-bytes-max"))

    # Given the table, then CONFIG SET takes what it says can be changed and refuses the rest, and
    # CONFIG GET knows all of it.
    def test_config_set_changes_what_the_table_says(self):
        with Server() as server, server.client() as client:
            for name, change in settings_table().items():
                value = client.config_get(name)[name]
                if change.startswith("`CONFIG SET`"):
                    client.config_set(name, value)
                else:
                    with self.assertRaisesRegex(redis.ResponseError, "immutable", msg=name):
                        client.config_set(name, value)


class Table(unittest.TestCase):
    # Given the table, then each setting is shown by a test, and no test is of one that is gone.
    def test_every_setting_is_shown_by_a_test(self):
        self.assertEqual(set(settings_table()), set(SHOWN) | set(ELSEWHERE))
        for places in ELSEWHERE.values():
            for file, words in places.items():
                self.assertIn(words, (ROOT / file).read_text())


if __name__ == "__main__":
    unittest.main(verbosity=2)
