"""Bytes that no good client or peer would send: the server lives, in bounded memory, for others."""

import contextlib
import pathlib
import random
import re
import resource
import socket
import unittest

from cluster import Cluster, wait_until

MIB = 1 << 20
IDLE_CONNECTIONS = 5000
# What all of this file may cost one replica, beside what it took when it had just started.
GROWTH_BYTES_MAX = 192 * MIB
OUTPUT_BYTES_MAX = 256 * MIB  # Replies that may wait for one client.
SEED = 20250101


def memory_bytes(pid, field):
    """A line of /proc/PID/status that counts kB: VmHWM (peak resident), VmPeak (peak address space)."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+) kB", status).group(1)) * 1024


def answer_until_closed(connection, seconds=2):
    """What the other side says before it closes, or within some seconds of silence."""
    connection.settimeout(seconds)
    received = b""
    with contextlib.suppress(OSError):
        while chunk := connection.recv(65536):
            received += chunk
    return received


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster())
        cls.pids = [cls.cluster.pid(number) for number in (1, 2, 3)]
        cls.resident = [memory_bytes(pid, "VmHWM") for pid in cls.pids]
        cls.reserved = [memory_bytes(pid, "VmPeak") for pid in cls.pids]

    def setUp(self):
        self.friends = [self.enterContext(self.cluster.client(number)) for number in (1, 2, 3)]
        for number, friend in enumerate(self.friends):
            friend.set(f"friend{number}", "before")

    def tearDown(self):
        """After whatever was done: same processes, bounded memory, old and new clients served."""
        self.assertEqual(self.pids, [self.cluster.pid(number) for number in (1, 2, 3)])
        for number, pid in enumerate(self.pids):
            self.assertLess(memory_bytes(pid, "VmHWM"), self.resident[number] + GROWTH_BYTES_MAX)
            self.assertLess(memory_bytes(pid, "VmPeak"), self.reserved[number] + 2 * GROWTH_BYTES_MAX)
        for number, friend in enumerate(self.friends):
            self.assertEqual(b"before", friend.getset(f"friend{number}", "after"))
            with self.cluster.client(number + 1) as newcomer:
                self.assertEqual(b"after", newcomer.get(f"friend{number}"))

    def connect(self, port):
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.addCleanup(connection.close)
        return connection

    def send_to_client_port(self, payload):
        connection = self.connect(self.cluster.port(1))
        with contextlib.suppress(ConnectionError):  # It may be cut off while it still talks.
            connection.sendall(payload)
        return connection

    # Given half a command, when its client stays silent or goes away, then it is never executed.
    def test_half_frames_are_never_executed(self):
        whole = b"*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$5\r\nvalue\r\n"
        for cut in range(1, len(whole)):
            self.send_to_client_port(whole[:cut]).close()
        silent = self.send_to_client_port(whole[:-1])
        self.assertIsNone(self.friends[1].get("half"))
        silent.sendall(whole[-1:])
        self.assertEqual(b"+OK\r\n", silent.recv(100))

    # Given lengths that cannot be, when announced, then the client gets a protocol error and is cut
    # off.
    def test_impossible_lengths_are_protocol_errors(self):
        for payload in (b"*1\r\n$-5\r\n", b"*2147483648\r\n", b"*1\r\n$99999999999999999999\r\n",
                        b"*1\r\n$abc\r\n", b"*x\r\n", b"*1\r\n:5\r\n"):
            answer = answer_until_closed(self.send_to_client_port(payload))
            self.assertTrue(answer.startswith(b"-ERR Protocol error"), (payload, answer))

    # Given huge announcements with nothing behind them, from many clients at once, then none of them
    # costs memory.
    def test_announcements_cost_no_memory(self):
        for payload in (b"*1000000000\r\n", b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n",
                        b"*1048576\r\n", b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$16777216\r\n"):
            for _ in range(50):
                self.send_to_client_port(payload)
        self.assertIsNone(self.friends[1].get("k"))

    # Given an inline command that never ends, when it is long, then the client is cut off.
    def test_an_endless_inline_command_is_cut_off(self):
        connection = self.send_to_client_port(b"a" * (4 * MIB))
        answer = answer_until_closed(connection)
        self.assertIn(answer[:1], (b"", b"-"))
        self.assertEqual(b"", answer_until_closed(connection), "still open")

    # Given random bytes at the port of clients, then nothing but this client is disturbed.
    def test_random_bytes_at_the_client_port(self):
        chance = random.Random(SEED)
        for size in (1, 10, 100, 1000, 100_000, 1_000_000) * 5:
            self.send_to_client_port(chance.randbytes(size))
            self.send_to_client_port(b"*3\r\n$" + chance.randbytes(size))

    # Given random bytes at the port of peers, from more strangers than may wait there, then the
    # replicas keep their links: writes at every replica still reach the others.
    def test_random_bytes_at_the_peer_port(self):
        chance = random.Random(SEED)
        for number in (1, 2, 3):
            for size in (0, 1, 10, 100, 1000, 1_000_000) * 20:
                connection = self.connect(self.cluster.peer_port(number))
                with contextlib.suppress(ConnectionError):
                    connection.sendall(chance.randbytes(size))
        for number, friend in enumerate(self.friends):
            friend.set(f"after noise {number}", "x")
            self.assertEqual(b"x", self.friends[number - 1].get(f"after noise {number}"))

    # Given thousands of idle connections, then they cost little, and everyone else is served.
    def test_idle_connections_are_cheap(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = IDLE_CONNECTIONS + 200
        if soft < wanted:
            self.assertGreaterEqual(hard, wanted, "this test needs a higher ulimit -Hn")
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        idle = [self.connect(self.cluster.port(1)) for _ in range(IDLE_CONNECTIONS)]
        wait_until(lambda: self.friends[0].info("clients")["connected_clients"] >= IDLE_CONNECTIONS,
                   "all connections are accepted")
        idle[-1].sendall(b"PING\r\n")
        self.assertEqual(b"+PONG\r\n", idle[-1].recv(100))


class Greedy(unittest.TestCase):
    # Given a client that asks for gigabytes and takes none of them, then it is held back or cut off
    # before it costs more than what may wait for one client (twice, while the buffer grows).
    def test_a_client_that_does_not_read_is_bounded(self):
        with Cluster() as cluster, cluster.client(1) as friend:
            friend.set("large", b"x" * MIB)
            before = memory_bytes(cluster.pid(1), "VmHWM")
            with socket.create_connection(("127.0.0.1", cluster.port(1)), timeout=1) as connection:
                with contextlib.suppress(OSError):
                    for _ in range(2000):
                        connection.sendall(b"GET large\r\n" * 10)
                self.assertEqual(MIB, friend.strlen("large"))
            self.assertLess(memory_bytes(cluster.pid(1), "VmHWM"),
                            before + 2 * OUTPUT_BYTES_MAX + GROWTH_BYTES_MAX)


if __name__ == "__main__":
    unittest.main(verbosity=2)
