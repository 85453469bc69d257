"""Backups of a cluster under load, new clusters made from them, and what is refused on the way."""

import contextlib
import os
import pathlib
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import redis

from cluster import BINARIES, PATIENCE_SECONDS, Cluster, run, wait_until
from load import Writer

CTL = BINARIES / "rabia-ctl"
KEYS = 20_000


def ctl(*words, env=None):
    """Runs rabia-ctl; returns (exit code, stdout, stderr)."""
    done = subprocess.run([str(CTL), *map(str, words)], capture_output=True, check=False,
                          timeout=10 * PATIENCE_SECONDS, env={**os.environ, **(env or {})})
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def fields(text):
    """What rabia-ctl prints: a name and a value on each line, up to an empty one."""
    lines = text.split("\n\n")[0].splitlines()
    return dict(line.split(" ", 1) for line in lines)


def back_up(port, to):
    code, out, err = ctl("backup", "--at", f"127.0.0.1:{port}", "--to", to)
    if code != 0:
        raise AssertionError(f"rabia-ctl backup: {code}: {err}")
    return fields(out)


def value(key):
    return f"value of {key} ".encode() * (key % 7 + 1)


def write_keys(client, keys):
    for first in range(0, len(keys), 500):
        client.mset({f"k{key}": value(key) for key in keys[first:first + 500]})


def digest(client):
    position, text = client.execute_command("RABIA.DIGEST")
    return {"position": str(int(position)), "digest": text.decode()}


def between_rounds(client):
    info = client.info("rabia")
    return info["executed_round"] == info["top_round"]


class Backups(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    # Given 20,000 keys and clients that write on, when a backup is made of one replica, then new
    # clusters of three and of one, made from it, hold every key and every write that was acknowledged
    # before it began, have the digest that it named, and take writes and restarts.
    def test_a_backup_under_load_becomes_new_clusters(self):
        to = self.directory / "backup.rabia"
        with Cluster() as cluster:
            with cluster.client(1) as client:
                write_keys(client, range(KEYS))
            writers = [Writer(cluster, replica, f"w{replica}") for replica in (1, 2, 3)]
            for writer in writers:
                writer.start()
            wait_until(lambda: all(len(w.acknowledged) > 100 for w in writers), "there is load")
            before = {writer: list(writer.acknowledged) for writer in writers}
            made = back_up(cluster.port(2), to)
            during = [len(writer.acknowledged) - len(before[writer]) for writer in writers]
            with cluster.client(3) as client:
                write_keys(client, range(KEYS, KEYS + 1000))
                client.set("k0", "overwritten")
            for writer in writers:
                writer.stop()
        self.assertTrue(any(during), "nobody wrote while the backup was made")
        self.assertEqual(str(to.stat().st_size), made["bytes"])
        self.assertFalse(pathlib.Path(f"{to}.part").exists())
        for replicas in (3, 1):
            with self.subTest(replicas=replicas), self.restored(to, replicas) as cluster:
                for number in range(1, replicas + 1):
                    with cluster.client(number) as client:
                        self.assert_holds(client, made, before)
                self.assert_goes_on(cluster)

    def assert_holds(self, client, made, before):
        self.assertEqual({name: made[name] for name in ("position", "digest")}, digest(client))
        for first in range(0, KEYS, 1000):
            names = [f"k{key}" for key in range(first, first + 1000)]
            self.assertEqual([value(key) for key in range(first, first + 1000)], client.mget(names))
        for writer, numbers in before.items():
            values = client.mget([writer.key(number) for number in numbers])
            self.assertEqual([writer.value(number) for number in numbers], values)

    def assert_goes_on(self, cluster):
        with cluster.client(1) as client:
            client.set("after", "the restore")
            after = digest(client)
        self.assertEqual(0, cluster.stop())
        cluster.start()
        with cluster.client(cluster.replicas) as client:
            self.assertEqual(b"the restore", client.get("after"))
            self.assertEqual(after, digest(client))

    @contextlib.contextmanager
    def restored(self, backup, replicas, cluster_id="restored"):
        """A running cluster of its own, made from the backup."""
        cluster = Cluster(replicas)
        code, out, err = ctl("restore", "--from", backup, "--data", cluster.data,
                             "--cluster-id", cluster_id, "--replicas", replicas)
        self.assertEqual((0, ""), (code, err))
        self.assertIn(f"rabia-cluster --data {cluster.data}\n", out)
        with cluster:
            yield cluster

    # Given a backup with one bit flipped, when it is restored, then it is refused with the file and
    # the chunk named, and no directory was made.
    def test_a_damaged_backup_is_refused_by_name(self):
        to = self.directory / "backup.rabia"
        with Cluster(1) as cluster:
            with cluster.client(1) as client:
                write_keys(client, range(1000))
            back_up(cluster.port(1), to)
        content = bytearray(to.read_bytes())
        content[len(content) // 2] ^= 0x10
        to.write_bytes(content)
        new = self.directory / "new"
        code, out, err = ctl("restore", "--from", to, "--data", new, "--cluster-id", "new",
                             "--replicas", 3)
        self.assertEqual((1, ""), (code, out))
        self.assertRegex(err, f"rabia-ctl: {to}: chunk 1 at offset [0-9]+: bad checksum")
        self.assertFalse(new.exists())

    # Given a new cluster, when a replica of the old one is started with the new one's members, then
    # they refuse it, whatever it calls itself, and it never serves.
    def test_a_replica_of_the_old_cluster_is_refused_by_the_new_one(self):
        to = self.directory / "backup.rabia"
        with Cluster() as old:
            with old.client(1) as client:
                write_keys(client, range(100))
            back_up(old.port(1), to)
            self.assertEqual(0, old.stop())
            with self.restored(to, 3) as new:
                new.kill(3)
                members = [word for number in (1, 2, 3)
                           for word in ("--member", f"{number}=127.0.0.1:{new.peer_port(number)}")]
                words = ["--port", new.port(3), "--peer-port", new.peer_port(3), *members]
                stranger = old.start_in_background(3, *map(str, words))
                log = old.data / "3" / "log"
                reason = 'reason="other cluster: \\"local\\", here it is \\"restored\\""'
                wait_until(lambda: reason in log.read_text(), "it is refused")
                with new.client(3) as client, self.assertRaisesRegex(redis.RedisError, "CLUSTERDOWN"):
                    client.get("k0")
                stranger.terminate()
                self.assertEqual(0, stranger.wait(PATIENCE_SECONDS))
                named = subprocess.run(
                    old.replica_command(3, "--cluster-id", "restored", *map(str, words)),
                    capture_output=True, timeout=PATIENCE_SECONDS, check=False)
                self.assertEqual(1, named.returncode)
                self.assertIn(b"belongs to cluster local, not to restored", named.stderr)
                with new.client(1) as client:
                    client.set("k0", "new")
                new.start_replica(3)
                with new.client(3) as client:
                    self.assertEqual(b"new", client.get("k0"))

    # Given a replica with a password, then it is taken from the environment, or from the flag, and
    # without it the message says how to give it.
    def test_the_password_is_given_by_the_environment_or_a_flag(self):
        with Cluster(1, ["--set", "requirepass=secret word"]) as cluster:
            at = f"127.0.0.1:{cluster.port(1)}"
            code, _, err = ctl("backup", "--at", at, "--to", self.directory / "a")
            self.assertEqual(1, code)
            self.assertIn("RABIA_REQUIREPASS", err)
            code, _, err = ctl("backup", "--at", at, "--to", self.directory / "a",
                               "--password", "wrong")
            self.assertEqual(1, code)
            self.assertIn("WRONGPASS", err)
            self.assertEqual([], list(self.directory.iterdir()))
            code, _, err = ctl("backup", "--at", at, "--to", self.directory / "a",
                               env={"RABIA_REQUIREPASS": "secret word"})
            self.assertEqual((0, ""), (code, err))
            code, _, err = ctl("backup", "--at", at, "--to", self.directory / "b",
                               "--password", "secret word")
            self.assertEqual((0, ""), (code, err))

    # Given names that are taken, or a replica that cannot give a backup, then it is refused with the
    # reason, and nothing is left behind or touched.
    def test_what_cannot_be_backed_up_is_refused(self):
        to = self.directory / "backup"
        part = self.directory / "backup.part"
        with Cluster(3) as cluster:
            at = f"127.0.0.1:{cluster.port(1)}"
            for taken, reason in ((to, f"{to} exists"), (part, f"{part} exists")):
                taken.write_text("mine")
                code, _, err = ctl("backup", "--at", at, "--to", to)
                self.assertEqual(1, code)
                self.assertIn(reason, err)
                self.assertEqual("mine", taken.read_text())
                taken.unlink()
            cluster.kill(2, 3)
            code, _, err = ctl("backup", "--at", at, "--to", to)
            self.assertEqual(1, code)
            self.assertIn("CLUSTERDOWN", err)
            self.assertIn("another replica", err)
        with Cluster(1, ["--durability", "memory"]) as cluster:
            code, _, err = ctl("backup", "--at", f"127.0.0.1:{cluster.port(1)}", "--to", to)
            self.assertEqual(1, code)
            self.assertIn("durability 'memory'", err)
        self.assertEqual([], list(self.directory.iterdir()))

    # Given no majority for ever, when the newest snapshot file of a replica that is left is restored,
    # then its state lives on in a new cluster.
    def test_a_snapshot_file_of_a_survivor_is_a_backup(self):
        with Cluster() as cluster:
            with cluster.client(1) as client:
                write_keys(client, range(100))
                # In the midst of a round, which the others would have to end, it could take none.
                wait_until(lambda: between_rounds(client), "replica 1 stands at the end of a round")
            cluster.kill(2, 3)
            with cluster.client(1) as client:
                self.assertTrue(client.save())
            [snapshot] = (cluster.data / "1" / "data" / "snapshots").glob("*.snap")
            with self.restored(snapshot, 1) as new, new.client(1) as client:
                self.assertEqual(100, client.dbsize())


class Saves(unittest.TestCase):
    # Given writes, when a client saves, in the foreground or not, then files are there, and LASTSAVE
    # and INFO say so; after a restart LASTSAVE still knows of the file.
    def test_redis_clients_can_save(self):
        with Cluster(1) as cluster, cluster.client(1) as client:
            self.assertEqual(b"0\n", run("redis-cli", "-p", cluster.port(1), "lastsave"))
            client.set("a", "1")
            self.assertEqual(1, client.info("persistence")["rdb_changes_since_last_save"])
            begun = int(time.time())
            self.assertEqual(b"OK\n", run("redis-cli", "-p", cluster.port(1), "save"))
            self.assertEqual(1, len(self.snapshots(cluster)))
            saved = int(run("redis-cli", "-p", cluster.port(1), "lastsave"))
            self.assertTrue(begun <= saved <= time.time())
            client.set("a", "2")
            time.sleep(1.1)  # LASTSAVE counts seconds.
            self.assertEqual(b"Background saving started\n",
                             run("redis-cli", "-p", cluster.port(1), "bgsave"))
            wait_until(lambda: int(run("redis-cli", "-p", cluster.port(1), "lastsave")) > saved,
                       "the background save has ended")
            self.assertEqual(2, len(self.snapshots(cluster)))
            told = client.info("persistence")
            self.assertEqual((0, 0, "ok", 2),
                             (told["rdb_bgsave_in_progress"], told["rdb_changes_since_last_save"],
                              told["rdb_last_bgsave_status"], told["rdb_saves"]))
            saved = client.lastsave()
            cluster.stop()
            cluster.start()
            with cluster.client(1) as again:
                self.assertEqual(saved.timestamp(), again.lastsave().timestamp())
                self.assertEqual(b"2", again.get("a"))

    def snapshots(self, cluster):
        return list((cluster.data / "1" / "data" / "snapshots").glob("*.snap"))


class LyingServer:
    """Says what it is told to, to whatever it is asked: a reply for the first word of a command."""

    def __init__(self, replies):
        self.replies = replies
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection = self.listener.accept()[0]
                with connection:
                    self.answer(connection)

    def answer(self, connection):
        while request := connection.recv(1 << 16):
            words = request.split(b"\r\n")[2::2]
            word = words[1] if words[0] == b"RABIA.BACKUP" else words[0]
            reply = self.replies.get(word.decode())
            if reply is None:
                return
            connection.sendall(reply)

    def close(self):
        self.listener.close()


class LyingServers(unittest.TestCase):
    # Given a server whose answers are not those of a replica, then each backup fails with a reason,
    # and leaves no file.
    def test_a_server_that_lies_leaves_no_backup(self):
        announced = (b"*14\r\n+id\r\n:1\r\n+round\r\n:2\r\n+position\r\n:1\r\n+bytes\r\n:200\r\n"
                     b"+part-bytes-max\r\n:100\r\n$8\r\nchecksum\r\n$4\r\n1234\r\n$6\r\ndigest\r\n$1\r\nx\r\n")
        part = b"$100\r\n" + b"x" * 100 + b"\r\n"
        good = {"DBSIZE": b":1\r\n", "BEGIN": announced, "READ": part, "END": b"+OK\r\n"}
        cases = {
            "bad header": {},
            "cannot be read": {"BEGIN": b"*2\r\n+id\r\n:1\r\n"},
            "answers: ERR no": {"BEGIN": b"-ERR no\r\n"},
            "answers: ERR gone": {"READ": b"-ERR gone\r\n"},
            "gave 0 bytes": {"READ": b"$0\r\n\r\n"},
            "gave 101 bytes": {"READ": b"$101\r\n" + b"x" * 101 + b"\r\n"},
            "Server closed the connection": {"READ": None},
            "Protocol error": {"BEGIN": b"nonsense\r\n"},
        }
        with tempfile.TemporaryDirectory() as directory:
            to = pathlib.Path(directory) / "backup"
            for reason, lies in cases.items():
                with self.subTest(reason), contextlib.closing(LyingServer({**good, **lies})) as server:
                    code, out, err = ctl("backup", "--at", f"127.0.0.1:{server.port}", "--to", to)
                    self.assertEqual((1, ""), (code, out))
                    self.assertIn(reason, err)
                    self.assertEqual([], os.listdir(directory))


if __name__ == "__main__":
    unittest.main(verbosity=2)
