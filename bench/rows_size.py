"""Rows about what is there: memory, snapshots and restarts with many keys, idle connections, idle keys."""

import os
import signal
import time

import load
from alive import is_alive
from figures import Metric, in_turns
from processes import resident_bytes, stop, wait_until
from rows_throughput import Case, one_run
from resp import Client
from servers import Rabia, Redis, start_replica

# Open loop, well below what any of them can: what is looked for is the longest wait.
SNAPSHOT_RATE = 5000
SNAPSHOT_SECONDS = 8


def keys_flags(bench, count):
    return ("--keys", bench.scaled(count))


def memory_row(bench):
    """Resident memory of one server after loading keys, less that before, by the number of keys."""
    keys = bench.scaled(1_000_000)
    metric = Metric("memory", f"memory per key, {keys:,} of 16 B + 64 B", "B", Redis(bench.settings).name)

    def one(setup):
        bench.say(f"memory: {setup.name}")
        with setup.start() as running:
            before = resident_bytes(running.pids[0])
            load.preload(bench.settings, running, "--keys", keys)
            time.sleep(2)
            return (resident_bytes(running.pids[0]) - before) / keys

    metric.ours, metric.theirs = in_turns(min(bench.settings.pairs, 3), lambda: one(Rabia(bench.settings)),
                                          lambda: one(Redis(bench.settings)))
    bench.add(metric)


def snapshot_row(bench):
    """The longest wait of any write while BGSAVE runs, beside that while it does not."""
    flags = keys_flags(bench, 5_000_000)
    during = Metric("snapshot", f"longest write while a snapshot of {flags[1]:,} keys is taken", "ms",
                    Redis(bench.settings).name)
    ordinary = Metric("snapshot", "longest write otherwise", "ms", Redis(bench.settings).name)
    with Rabia(bench.settings).start() as own, Redis(bench.settings).start() as peer:
        for running in (own, peer):
            load.preload(bench.settings, running, *flags)
        bench.say("snapshot")
        pairs = bench.settings.pairs
        for metric, saves in ((ordinary, False), (during, True)):
            metric.ours, metric.theirs = in_turns(
                pairs, lambda saves=saves: longest_ms(bench, own, flags, saves),
                lambda saves=saves: longest_ms(bench, peer, flags, saves))
    bench.add(during)
    bench.add(ordinary)


def longest_ms(bench, running, flags, saves):
    wait_until_saved(running)
    run = load.Run(bench.settings, running, ("--seconds", SNAPSHOT_SECONDS, "--rate", SNAPSHOT_RATE,
                                             "--warmup", 1, "--mix", "set", *flags))
    if saves:
        time.sleep(2)
        for place in range(len(running.ports)):
            with running.client(place) as client:
                client.call("BGSAVE")
    return run.result()["latency_us"]["all"]["max"] / 1000


def wait_until_saved(running):
    for place in range(len(running.ports)):
        with running.client(place) as client:
            wait_until(lambda client=client:
                       client.info("persistence")["rdb_bgsave_in_progress"] == "0", "no snapshot is taken")


def restart_row(bench):
    """From the start of a process that has a snapshot to its first answer to a read."""
    flags = keys_flags(bench, 5_000_000)
    metric = Metric("restart", f"restart with {flags[1]:,} keys", "s", Redis(bench.settings).name)
    redis = Redis(bench.settings)
    with Rabia(bench.settings).start() as own, redis.start() as peer:
        for running in (own, peer):
            load.preload(bench.settings, running, *flags)
            with running.client() as client:
                client.call("SAVE")
        bench.say("restart")
        metric.ours, metric.theirs = in_turns(
            min(bench.settings.pairs, 3), lambda: rabia_restart_seconds(bench, own),
            lambda: redis_restart_seconds(peer, redis))
    bench.add(metric)


def answers(port):
    with Client(port) as client:
        client.call("GET", "k")
        return True


def rabia_restart_seconds(bench, running):
    os.kill(running.pids[0], signal.SIGKILL)
    wait_until(lambda: not is_alive(running.pids[0]), "the replica has ended")
    begun = time.monotonic()
    running.pids[0] = start_replica(bench.settings, running.home, 1).pid
    wait_until(lambda: answers(running.ports[0]), "the replica serves", every=0.005)
    return time.monotonic() - begun


def redis_restart_seconds(running, setup):
    stop(running.process_of[running.ports[0]])
    begun = time.monotonic()
    running.process_of[running.ports[0]] = setup.start_one(running.home, 1)
    return time.monotonic() - begun


def idle_row(bench):
    """Throughput with much that is idle, beside the same without."""
    case = Case("SET depth 16", "--mix", "set", "--pipeline", 16)
    idle = bench.scaled(10_000)
    metric = Metric("idle", f"{case.name} with {idle:,} idle connections", "ops/s", "ours, none idle")
    with Rabia(bench.settings).start() as running:
        load.preload(bench.settings, running, *bench.keys)
        bench.say("idle: connections")
        crowded = Case(case.name, *case.flags, "--idle-connections", idle)
        metric.ours, metric.theirs = in_turns(
            bench.settings.pairs, lambda: one_run(bench, running, crowded)["per_second"],
            lambda: one_run(bench, running, case)["per_second"])
    bench.add(metric)
    idle_keys(bench)


def idle_keys(bench):
    """The same small set of keys is written, in a cluster with many others and in one without."""
    many, few = bench.scaled(10_000_000), bench.scaled(100_000)
    metric = Metric("idle", f"SET depth 16 on {few:,} keys, with {many:,} there", "ops/s", "ours, without them")
    case = Case("", "--mix", "set", "--pipeline", 16, "--keys", few)
    with Rabia(bench.settings).start() as full, Rabia(bench.settings).start() as empty:
        load.preload(bench.settings, full, "--keys", many)
        load.preload(bench.settings, empty, "--keys", few)
        bench.say("idle: keys")
        metric.ours, metric.theirs = in_turns(
            bench.settings.pairs, lambda: one_run(bench, full, case)["per_second"],
            lambda: one_run(bench, empty, case)["per_second"])
    bench.add(metric)
