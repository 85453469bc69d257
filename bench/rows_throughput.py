"""Rows that compare throughput, CPU and latency of closed loops: SET, GET, mixes, values, batches."""

import contextlib

import load
from figures import Metric, in_turns, load_metrics
from servers import Etcd, Rabia, Redis, RedisReplicated

LARGEST_DATA_BYTES = 128 << 20


class Case:
    """One line of flags. `writes`: WAIT is added where a peer needs it."""

    def __init__(self, name, *flags, writes=True):
        self.name = name
        self.flags = flags
        self.writes = writes


def one_run(bench, running, case):
    more = load.of_writes(running) if case.writes else ()
    return load.measure(bench.settings, running, *bench.timing, *bench.keys, *case.flags, *more)


def compare(bench, row, cases, peers, key_flags=None):
    """Every case on every peer, in turns with ours; all servers are up meanwhile, and idle in turn."""
    ours = Rabia(bench.settings)
    present = [peer for peer in peers if not peer.missing()]
    for peer in peers:
        if peer.missing():
            bench.add(Metric(row, "all", "", peer.name, remark=peer.missing()))
    with contextlib.ExitStack() as stack:
        own = stack.enter_context(ours.start())
        started = [stack.enter_context(peer.start()) for peer in present]
        for running in (own, *started):
            load.preload(bench.settings, running, *(key_flags or bench.keys))
        for case in cases:
            for running in started:
                bench.say(f"{row}: {case.name}, beside {running.name}")
                found = in_turns(bench.settings.pairs, lambda case=case: one_run(bench, own, case),
                                 lambda case=case, running=running: one_run(bench, running, case))
                running.rewrite_files()
                for metric in load_metrics(row, case.name, running.name, *found):
                    bench.add(metric)


def depths(mix, *values, writes):
    return [Case(f"{mix} depth {depth}", "--mix", mix, "--pipeline", depth, writes=writes)
            for depth in values]


def set_row(bench):
    settings = bench.settings
    compare(bench, "set", depths("set", 1, 16, 64, writes=True),
            [Redis(settings), Redis(settings, fsync=True), RedisReplicated(settings)])
    compare_with_etcd(bench, "set", "set")


def get_row(bench):
    compare(bench, "get", depths("get", 1, 16, 64, writes=False), [Redis(bench.settings)])
    compare_with_etcd(bench, "get", "get")


def compare_with_etcd(bench, row, mix):
    """At depth 1, over fewer keys: etcd would take minutes to take a million."""
    keys = ("--keys", bench.scaled(20_000))
    case = Case(f"{mix} depth 1, {keys[1]:,} keys", "--mix", mix, *keys)
    compare(bench, row, [case], [Etcd(bench.settings)], key_flags=keys)


def mix_row(bench):
    cases = [Case(f"{100 - writes}% GET, {writes}% SET, {name}, depth 16", "--mix",
                  f"get={100 - writes},set={writes}", "--distribution", name, "--pipeline", 16)
             for writes in (10, 50) for name in ("uniform", "zipf:0.99")]
    compare(bench, "mix", cases, [Redis(bench.settings), RedisReplicated(bench.settings)])


def values_row(bench):
    cases = []
    for size in (16, 64, 256, 1024, 4096, 16_384, 65_536):
        keys = min(bench.scaled(1_000_000), LARGEST_DATA_BYTES // size)
        cases.append(Case(f"SET of {size} B, depth 16", "--mix", "set", "--value-bytes", size,
                          "--keys", keys, "--pipeline", 16))
    # The values are written anew by each run: nothing is to be loaded before but one key.
    compare(bench, "values", cases, [RedisReplicated(bench.settings)], key_flags=("--keys", 1))


def batches_row(bench):
    cases = [Case(f"MSET of {keys}, depth 1", "--mix", f"mset:{keys}") for keys in (10, 100)]
    compare(bench, "batches", cases, [Redis(bench.settings), RedisReplicated(bench.settings)])


def multi_row(bench):
    """What is counted is transactions: MULTI, so many SETs, EXEC."""
    cases = [Case(f"MULTI of {keys}, depth {depth}", "--mix", f"multi:{keys}", "--pipeline", depth)
             for keys, depth in ((10, 1), (10, 16), (100, 1))]
    compare(bench, "multi", cases, [Redis(bench.settings), RedisReplicated(bench.settings)])


def published_row(bench):
    """Lanes beside the paper's protocol, all replicas taking writes, both without a disk."""
    row = "published"
    lanes = Rabia(bench.settings, durability="memory")
    published = Rabia(bench.settings, durability="memory", protocol="published")
    with lanes.start() as own, published.start() as other:
        for running in (own, other):
            load.preload(bench.settings, running, *bench.keys)
        for case in depths("set", 1, 16, 64, writes=True):
            bench.say(f"{row}: {case.name}")
            shares = {own.name: [], other.name: []}

            def one(running, case=case, shares=shares):
                before = slots(running)
                found = one_run(bench, running, case)
                decided, empty = (after - at_first
                                  for after, at_first in zip(slots(running), before))
                shares[running.name].append(100 * empty / decided)
                return found

            found = in_turns(bench.settings.pairs, lambda: one(own), lambda: one(other))
            for metric in load_metrics(row, case.name, published.name, *found):
                bench.add(metric)
            bench.add(Metric(row, f"{case.name}, slots that end empty", "%", published.name,
                             shares[own.name], shares[other.name]))


def slots(running):
    """Decided ones in which a batch was proposed, and the empty ones of these."""
    with running.client() as client:
        info = client.info("rabia")
        return int(info["slots_decided"]), int(info["slots_empty"])


def replicas_row(bench):
    """Ours only, 1 to 7 replicas; CPU is that of one replica."""
    case = Case("", "--mix", "set", "--pipeline", 16)
    for replicas in (1, 3, 5, 7):
        figures = Metric("replicas", f"SET depth 16, {replicas} replicas", "ops/s")
        cpu = Metric("replicas", f"CPU of each of {replicas}", "s/1M ops")
        with Rabia(bench.settings, replicas).start() as running:
            load.preload(bench.settings, running, *bench.keys)
            bench.say(f"replicas: {replicas}")
            for _ in range(bench.settings.pairs):
                found = one_run(bench, running, case)
                figures.ours.append(found["per_second"])
                cpu.ours.append(found["cpu"]["server_seconds_per_million"] / replicas)
        bench.add(figures)
        bench.add(cpu)
