"""Processes, ports and directories of servers: each has its own, and none outlives the run."""

import contextlib
import ctypes
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

# A server that does not start is a failure, but only after longer than any machine needs.
PATIENCE_SECONDS = 120
PEER_PORT_OFFSET = 10_000
PR_SET_PDEATHSIG = 1


class Failure(Exception):
    """Something of which the row, or the run, has to tell; its text says what to do."""


class PortBlock:
    """Ports base+1 to base+9, and those 10000 above, free at the moment. A socket on `base` is the claim."""

    def __init__(self):
        for _ in range(1000):
            self.base = random.SystemRandom().randrange(11_000, 21_000, 10)
            self._claim = socket.socket()
            try:
                self._claim.bind(("127.0.0.1", self.base))
                if all(self._is_free(self.base + offset + above)
                       for offset in range(1, 10) for above in (0, PEER_PORT_OFFSET)):
                    return
            except OSError:
                pass
            self._claim.close()
        raise Failure("there is no free block of ports between 11000 and 21000")

    @staticmethod
    def _is_free(port):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
        return True

    def close(self):
        self._claim.close()


class Home:
    """A directory and a block of ports, and the processes in it; all of it ends with the `with`."""

    def __init__(self, root):
        self.root = root
        self.processes = []

    def __enter__(self):
        pathlib.Path(self.root).mkdir(parents=True, exist_ok=True)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="servers-", dir=self.root))
        self.ports = PortBlock()
        return self

    def __exit__(self, *_):
        for process in self.processes:
            stop(process)
        self.ports.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def port(self, number):
        return self.ports.base + number

    def peer_port(self, number):
        return self.port(number) + PEER_PORT_OFFSET

    def start(self, name, *command, **options):
        """Starts a process that ends when this one does, whatever the reason."""
        with open(self.directory / f"{name}.log", "ab") as log:
            process = subprocess.Popen(
                [str(word) for word in command], cwd=self.directory, stdin=subprocess.DEVNULL,
                stderr=log, **{"stdout": log, "preexec_fn": die_with_parent, **options})
        self.processes.append(process)
        return process

    def log_tail(self):
        """The last lines of all logs, for the message of a failure."""
        lines = []
        for log in sorted(self.directory.rglob("*log")):
            if log.is_file():
                lines += [f"  {log.name}: {line}"
                          for line in log.read_text(errors="replace").splitlines()[-5:]]
        return "\n".join(lines)


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def stop(process):
    """Asks the process to end, and makes it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout:
        process.stdout.close()


def wait_until(condition, what, every=0.02):
    """Waits until it is true; a server that does not answer yet is no failure before PATIENCE_SECONDS."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with contextlib.suppress(OSError):
            if condition():
                return
        if time.monotonic() > deadline:
            raise Failure(f"not within {PATIENCE_SECONDS} s: {what}")
        time.sleep(every)


def resident_bytes(pid):
    """Memory of a process that is in RAM."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise Failure(f"process {pid} has ended")
