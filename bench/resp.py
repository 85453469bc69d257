"""The Redis protocol, as much as is needed to ask a server one thing after the other."""

import socket


class Client:
    """One connection. Any failure is an OSError; an error reply is a ReplyError."""

    def __init__(self, port, timeout_seconds=600):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout_seconds)
        self.stream = self.socket.makefile("rb")

    def call(self, *words):
        """Sends one command, and returns its reply: bytes, int, None or a list of these."""
        command = b"*%d\r\n" % len(words)
        for word in words:
            text = str(word).encode()
            command += b"$%d\r\n%s\r\n" % (len(text), text)
        self.socket.sendall(command)
        return self._reply()

    def info(self, section):
        """A section of INFO as a dict of texts."""
        lines = self.call("INFO", section).decode().splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def _reply(self):
        line = self.stream.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server closed the connection")
        kind, text = line[:1], line[1:-2]
        if kind == b"-":
            raise ReplyError(text.decode(errors="replace"))
        if kind == b":":
            return int(text)
        if kind == b"$":
            return None if text == b"-1" else self.stream.read(int(text) + 2)[:-2]
        if kind == b"*":
            return None if text == b"-1" else [self._reply() for _ in range(int(text))]
        return text

    def close(self):
        self.stream.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class ReplyError(OSError):
    """The server answered with an error."""
