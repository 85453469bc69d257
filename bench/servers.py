"""The servers that are measured. Each set-up is a context manager that gives a Running.

    with Rabia(settings).start() as running: load.run(running, …)
"""

import contextlib
import dataclasses
import json
import os
import shutil
import subprocess
import urllib.request

from processes import Failure, Home, wait_until
from resp import Client

MAX_CLIENTS = 20_000


@dataclasses.dataclass
class Running:
    """Servers that answer, and how a load is to speak with them."""
    name: str
    ports: list           # Where clients connect.
    pids: list            # Of all processes that take part.
    home: Home
    program: str = "rabia-bench"
    load_flags: tuple = ()        # Added to every load of writes.
    process_of: dict = dataclasses.field(default_factory=dict)  # By port, where this started it.
    file_ports: tuple = ()        # Redis servers whose files grow without end, unless they are told.

    @property
    def targets(self):
        return ",".join(f"127.0.0.1:{port}" for port in self.ports)

    def client(self, place=0):
        return Client(self.ports[place])

    def rewrite_files(self):
        """Between two cases, not while something is measured: else large values fill the disk."""
        for port in self.file_ports:
            with Client(port) as client:
                client.call("BGREWRITEAOF")
                wait_until(lambda client=client: is_rewritten(client.info("persistence")),
                           "Redis has rewritten its file")


def is_rewritten(persistence):
    return (persistence["aof_rewrite_in_progress"], persistence["aof_rewrite_scheduled"]) == ("0", "0")


class Setup:
    """What can be started. `program` is the server's; without it the row says what to install."""
    name = ""
    program = ""
    package = ""
    load_program = "rabia-bench"

    def __init__(self, settings):
        self.settings = settings

    def missing(self):
        """Why it cannot be started, or None."""
        if not shutil.which(self.program):
            return f"{self.program} is not installed (apt-get install {self.package})"
        if not (self.settings.bin / self.load_program).exists():
            return f"{self.load_program} is not built (make bench builds it)"
        return None

    @contextlib.contextmanager
    def start(self):
        with Home(self.settings.directory) as home:
            try:
                running = self.start_in(home)
            except Failure as failure:
                raise Failure(f"{self.name}: {failure}\n{home.log_tail()}") from failure
            yield running

    def start_in(self, home):
        raise NotImplementedError


class Rabia(Setup):
    def __init__(self, settings, replicas=3, durability="always", protocol="lanes"):
        super().__init__(settings)
        self.replicas = replicas
        self.durability = durability
        self.protocol = protocol
        self.name = "Rabia" if replicas == 3 else f"Rabia, {replicas} replicas"
        if protocol != "lanes":
            self.name += f", protocol {protocol}"

    def missing(self):
        for program in ("rabia-cluster", "rabia-server", "rabia-bench"):
            if not (self.settings.bin / program).exists():
                return f"{self.settings.bin / program} is not there: build it (make build)"
        return None

    def start_in(self, home):
        supervisor = home.start(
            "cluster", self.settings.bin / "rabia-cluster", "--replicas", self.replicas, "--port",
            home.port(1), "--data", home.directory / "data", "--durability", self.durability,
            "--set", f"protocol={self.protocol}", "--set", f"maxclients={MAX_CLIENTS}", stdout=subprocess.PIPE)
        if supervisor.stdout.readline() != b"ready\n":
            raise Failure("rabia-cluster did not get ready")
        numbers = range(1, self.replicas + 1)
        return Running(self.name, [home.port(number) for number in numbers],
                       [replica_pid(home, number) for number in numbers], home)


def replica_pid(home, number):
    return int((home.directory / "data" / str(number) / "pid").read_text())


def start_replica(settings, home, number):
    """Starts one replica of a cluster by hand, after it ended."""
    return home.start(f"replica-{number}", settings.bin / "rabia-server", "--config",
                      home.directory / "data" / str(number) / "rabia.toml")


class Redis(Setup):
    """One server. `fsync`: an append-only file that is synced before each answer; else no file at all."""
    program = "redis-server"
    package = "redis-server"

    def __init__(self, settings, fsync=False):
        super().__init__(settings)
        self.fsync = fsync
        self.name = "Redis alone, fsync always" if fsync else "Redis alone, no persistence"

    def start_one(self, home, number, *more):
        directory = home.directory / f"redis-{number}"
        directory.mkdir(exist_ok=True)
        # Nothing is rewritten while we measure: that is in Redis's favour.
        files = (("--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", 0)
                 if self.fsync else ("--appendonly", "no"))
        process = home.start(
            f"redis-{number}", self.program, "--port", home.port(number), "--bind", "127.0.0.1",
            "--dir", directory, "--save", "", "--maxclients", MAX_CLIENTS,
            "--client-output-buffer-limit", "replica", 0, 0, 0, *files, *more)
        wait_until_redis_answers(home.port(number))
        return process

    def start_in(self, home):
        process = self.start_one(home, 1)
        return Running(self.name, [home.port(1)], [process.pid], home,
                       process_of={home.port(1): process},
                       file_ports=(home.port(1),) if self.fsync else ())


def wait_until_redis_answers(port):
    def answers():
        with Client(port) as client:
            return client.call("PING") == b"PONG"
    wait_until(answers, f"a server answers at port {port}", every=0.005)


class RedisReplicated(Redis):
    """A primary with two replicas, all with fsync always; each pipeline of writes waits for one of them."""

    def __init__(self, settings):
        super().__init__(settings, fsync=True)
        self.name = "Redis primary + 2, fsync always, WAIT 1"

    def start_in(self, home):
        processes = [self.start_one(home, 1)]
        for number in (2, 3):
            processes.append(self.start_one(home, number, "--replicaof", "127.0.0.1", home.port(1)))

        def in_step():
            with Client(home.port(1)) as client:
                replication = client.info("replication")
            return all("state=online" in replication.get(f"slave{place}", "") for place in (0, 1))
        wait_until(in_step, "both Redis replicas are online")
        return Running(self.name, [home.port(1)], [process.pid for process in processes], home,
                       load_flags=("--wait", "1"),
                       file_ports=tuple(home.port(number) for number in (1, 2, 3)))


class Etcd(Setup):
    name = "etcd, 3 nodes"
    program = "etcd"
    package = "etcd-server"
    load_program = "rabia-bench-etcd"

    def start_in(self, home):
        def peer(number):
            return f"http://127.0.0.1:{home.peer_port(number)}"

        members = ",".join(f"n{number}={peer(number)}" for number in (1, 2, 3))
        processes = []
        for number in (1, 2, 3):
            client = f"http://127.0.0.1:{home.port(number)}"
            processes.append(home.start(
                f"etcd-{number}", self.program, "--name", f"n{number}",
                "--data-dir", home.directory / f"etcd-{number}",
                "--listen-client-urls", client, "--advertise-client-urls", client,
                "--listen-peer-urls", peer(number), "--initial-advertise-peer-urls", peer(number),
                "--initial-cluster", members, "--initial-cluster-state", "new",
                "--quota-backend-bytes", 8 << 30, "--log-level", "error",
                env={**os.environ, "ETCD_UNSUPPORTED_ARCH": os.uname().machine}))
        ports = [home.port(number) for number in (1, 2, 3)]
        for port in ports:
            wait_until(lambda port=port: is_healthy(port), f"etcd answers at port {port}")
        return Running(self.name, ports, [process.pid for process in processes], home,
                       program=self.load_program, process_of=dict(zip(ports, processes)))


def is_healthy(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
        return json.load(answer).get("health") == "true"


def etcd_leader_port(running):
    """Of the node that leads."""
    for port in running.ports:
        request = urllib.request.Request(f"http://127.0.0.1:{port}/v3/maintenance/status", data=b"{}")
        with urllib.request.urlopen(request, timeout=5) as answer:
            status = json.load(answer)
        if status["leader"] == status["header"]["member_id"]:
            return port
    raise Failure("etcd has no leader")
