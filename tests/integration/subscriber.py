"""A subscriber on a bare socket, which remembers what each of its connections heard."""

import socket
import threading
import time

from cluster import PATIENCE_SECONDS

END = b"end of the test"


def encode(*words):
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)


def read_reply(stream):
    """One whole reply or push: a list (its type first when it is no plain array), bytes or a number."""
    line = stream.readline()
    if not line.endswith(b"\r\n"):
        raise EOFError
    kind, rest = line[:1], line[1:-2]
    if kind in b"*>%~":
        count = int(rest) * (2 if kind == b"%" else 1)
        items = [read_reply(stream) for _ in range(count)]
        return [kind, *items] if kind == b">" else items
    if kind == b"$":
        return stream.read(int(rest) + 2)[:-2]
    return int(rest) if kind == b":" else kind + rest


class Subscriber(threading.Thread):
    """Hears until END comes; connects again, for ever, when its connection ends.

    `heard` is a list for each connection: of pairs (channel, payload), in order.
    """

    def __init__(self, cluster, replica, *command, resp=2):
        super().__init__(daemon=True)
        self.port = cluster.port(replica)
        self.command = encode(*command)
        self.names = len(command) - 1
        self.resp = resp
        self.heard = []
        self.failure = None
        self.start()

    @property
    def connections(self):
        return len(self.heard)

    def run(self):
        try:
            while not self.listen_once():
                time.sleep(0.05)
        except Exception as failure:
            self.failure = failure
            raise

    def listen_once(self):
        """Whether END came."""
        try:
            with socket.create_connection(("127.0.0.1", self.port)) as connection:
                connection.settimeout(PATIENCE_SECONDS)
                return self.listen(connection)
        except (ConnectionError, EOFError):
            return False

    def listen(self, connection):
        with connection.makefile("rb") as stream:
            if self.resp == 3:
                connection.sendall(encode("HELLO", "3"))
                read_reply(stream)
            connection.sendall(self.command)
            for _ in range(self.names):
                self.message(read_reply(stream))
            here = []
            self.heard.append(here)
            while True:
                channel, payload = self.message(read_reply(stream))[-2:]
                if payload == END:
                    return True
                here.append((channel, payload))

    def message(self, reply):
        if self.resp == 3:
            assert reply[0] == b">", reply
            return reply[1:]
        return reply

    def wait(self):
        self.join(PATIENCE_SECONDS)
        if self.is_alive() or self.failure:
            raise AssertionError(f"a subscriber at port {self.port} did not end: {self.failure}")
