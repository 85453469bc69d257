"""A real cluster for a test: rabia-cluster on free ports, in a directory of its own.

    with Cluster() as cluster:
        cluster.client(1).set("a", "1")

Nothing of it outlives the `with`. When the body fails, the logs are printed.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import redis

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
from alive import is_alive
from port_block import PEER_PORT_OFFSET, PortBlock

BINARIES = pathlib.Path(os.environ.get(
    "RABIA_PROGRAMS", pathlib.Path(__file__).parents[2] / "build" / "release" / "bin"))
# A hang is a failure, but only after longer than any machine needs.
PATIENCE_SECONDS = 60


class Cluster:
    def __init__(self, replicas=3, options=()):
        self.replicas = replicas
        self.options = list(options)
        self.ports = PortBlock()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="rabia-test-"))
        self.data = self.directory / "data"
        self.by_hand = []   # Replicas started without rabia-cluster.
        self.process = None
        self.errors = open(self.directory / "cluster.stderr", "a+b")

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, value, traceback):
        processes = [*self.by_hand, *([self.process] if self.process else [])]
        pids = [pid for number in range(1, self.replicas + 1) if (pid := self.pid_or_none(number))]
        for process in processes:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if kind is not None:
            self.show_logs()
        self.errors.close()
        self.ports.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    # Starting and stopping.

    def command(self, *more):
        return [str(BINARIES / "rabia-cluster"), "--replicas", str(self.replicas),
                "--port", str(self.port(1)), "--data", str(self.data), *self.options, *more]

    def start(self, *more):
        """Starts rabia-cluster and returns when it has said `ready`."""
        self.process = subprocess.Popen(self.command(*more), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=self.errors)
        line = read_line(self.process)
        if line != b"ready\n":
            raise AssertionError(f"rabia-cluster said {line!r} instead of ready")

    def stop(self):
        """Stops rabia-cluster cleanly and returns its exit code."""
        self.process.terminate()
        return self.wait()

    def wait(self):
        """Waits until rabia-cluster ends and returns its exit code."""
        code = self.process.wait(PATIENCE_SECONDS)
        self.process.stdout.close()
        self.process = None
        return code

    def kill(self, *numbers):
        """kill -9 of these replicas; returns when they are gone."""
        pids = [self.pid(number) for number in numbers]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for pid in pids:
            wait_until(lambda pid=pid: not is_alive(pid), f"process {pid} is gone")

    def start_replica(self, number, *more, environment=None):
        """Starts one replica by hand, as a person would, and waits until it serves."""
        process = self.start_in_background(number, *more, environment=environment)
        self.wait_until_serving(number)
        return process

    def start_in_background(self, number, *more, environment=None):
        """Starts one replica by hand, with more in its environment."""
        log = open(self.data / str(number) / "log", "ab")
        with log:
            process = subprocess.Popen(self.replica_command(number, *more),
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       env={**os.environ, **(environment or {})})
        self.by_hand.append(process)
        return process

    def replica_command(self, number, *more):
        return [str(BINARIES / "rabia-server"), "--config",
                str(self.data / str(number) / "rabia.toml"), *more]

    def wait_until_serving(self, number):
        def serves():
            try:
                with contextlib.closing(self.client(number)) as client:
                    client.dbsize()
                return True
            except redis.RedisError:
                return False
        wait_until(serves, f"replica {number} serves")

    # What it is.

    def port(self, number):
        return self.ports.base + number

    def peer_port(self, number):
        return self.port(number) + PEER_PORT_OFFSET

    def pid(self, number):
        return int((self.data / str(number) / "pid").read_text())

    def pid_or_none(self, number):
        try:
            return self.pid(number)
        except (OSError, ValueError):
            return None

    def client(self, number, **options):
        """A client of one replica on one connection, without retries of its own."""
        return redis.Redis(port=self.port(number), socket_timeout=PATIENCE_SECONDS,
                           single_connection_client=True, **options)

    def error_text(self):
        """What rabia-cluster has written to stderr."""
        return (self.directory / "cluster.stderr").read_text(errors="replace")

    def show_logs(self):
        for log in [self.directory / "cluster.stderr", *sorted(self.data.glob("*/log"))]:
            if log.exists():
                lines = log.read_text(errors="replace").splitlines()[-60:]
                print(f"--- {log}", *lines, sep="\n", file=sys.stderr)


def read_line(process):
    """The next line of a process's stdout; fails after PATIENCE_SECONDS."""
    line = []
    reader = threading.Thread(target=lambda: line.append(process.stdout.readline()), daemon=True)
    reader.start()
    reader.join(PATIENCE_SECONDS)
    if not line:
        process.kill()
        raise AssertionError(f"{process.args[0]} said nothing in {PATIENCE_SECONDS} s")
    return line[0]


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {PATIENCE_SECONDS} s: {what}")
        time.sleep(0.02)


def run(*command, **options):
    """Runs a program to its end; returns what it printed, and fails when it fails."""
    done = subprocess.run([str(word) for word in command], capture_output=True,
                          timeout=10 * PATIENCE_SECONDS, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command} exited with {done.returncode}:\n"
                             f"{done.stdout.decode(errors='replace')}"
                             f"{done.stderr.decode(errors='replace')}")
    return done.stdout
