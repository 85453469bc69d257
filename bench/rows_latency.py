"""Latency at a rate that is held: at half load beside the machine's floor, and over the whole range."""

import contextlib
import json
import subprocess

import load
from figures import Metric, median
from plot import plot
from processes import Failure
from rows_throughput import Case, one_run
from servers import Etcd, Rabia, Redis, RedisReplicated

PARTS_OF_MAXIMUM = (0.1, 0.25, 0.5, 0.7, 0.85, 0.95)


def floor_us(bench):
    """What a round trip over loopback and a sync take now: (round trip, sync), medians."""
    path = bench.settings.directory / "floor.json"
    done = subprocess.run([str(bench.settings.bin / "rabia-bench"), "--floor",
                           str(bench.settings.directory), "--json", str(path)],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(done.stderr)
    found = json.loads(path.read_text())
    path.unlink()
    return found["round_trip_us"]["p50"], found["sync_us"]["p50"]


def at_rate(bench, running, case, rate):
    return one_run(bench, running, Case(case.name, *case.flags, "--rate", round(rate)))


def maximum(bench, running, case):
    return median([one_run(bench, running, case)["per_second"] for _ in range(3)])


def half_load_row(bench):
    """Ours at half of its own maximum, at depth 1 and 16, in turns with the floor, and with etcd at half of its."""
    etcd = Etcd(bench.settings)
    with contextlib.ExitStack() as stack:
        own = stack.enter_context(Rabia(bench.settings).start())
        load.preload(bench.settings, own, *bench.keys)
        for depth in (1, 16):
            case = Case(f"SET depth {depth} at half load", "--mix", "set", "--pipeline", depth)
            against_floor(bench, own, case)
        if etcd.missing():
            bench.add(Metric("half-load", "all", "", etcd.name, remark=etcd.missing()))
            return
        peer = stack.enter_context(etcd.start())
        against_etcd(bench, own, peer)


def against_floor(bench, own, case):
    bench.say(f"half-load: {case.name}")
    rate = maximum(bench, own, case) / 2
    p50 = Metric("half-load", f"{case.name}, p50", "us", "floor: two messages and one sync")
    tail = Metric("half-load", f"{case.name}, p99.9", "us", "its p50")
    for _ in range(bench.settings.pairs):
        round_trip, sync = floor_us(bench)
        found = at_rate(bench, own, case, rate)["latency_us"]["all"]
        p50.ours.append(found["p50"])
        p50.theirs.append(round_trip + sync)
        tail.ours.append(found["p99_9"])
        tail.theirs.append(found["p50"])
    bench.add(p50)
    bench.add(tail)


def against_etcd(bench, own, peer):
    case = Case("SET depth 1 at half load", "--mix", "set", "--keys", bench.scaled(20_000))
    bench.say(f"half-load: {case.name}, beside {peer.name}")
    rates = maximum(bench, own, case) / 2, maximum(bench, peer, case) / 2
    metric = Metric("half-load", f"{case.name} (each at half of its own), p50", "us", peer.name)
    for _ in range(bench.settings.pairs):
        metric.ours.append(at_rate(bench, own, case, rates[0])["latency_us"]["all"]["p50"])
        metric.theirs.append(at_rate(bench, peer, case, rates[1])["latency_us"]["all"]["p50"])
    bench.add(metric)


def curve_row(bench):
    """Throughput against latency, as a plot: depth 16, rates up to the maximum of each."""
    settings = bench.settings
    case = Case("SET depth 16", "--mix", "set", "--pipeline", 16)
    series = []
    for setup in (Rabia(settings), Redis(settings), Redis(settings, fsync=True),
                  RedisReplicated(settings), Etcd(settings)):
        if setup.missing():
            bench.add(Metric("curve", "all", "", setup.name, remark=setup.missing()))
            continue
        with setup.start() as running:
            bench.say(f"curve: {setup.name}")
            points = points_of(bench, running, case)
        series.append((setup.name, points))
        metric = Metric("curve", f"{setup.name}: highest rate with p99 below 10 ms", "ops/s")
        held = [rate for rate, p99 in points if p99 < 10_000]
        metric.ours = [max(held)] if held else []
        metric.remark = "" if held else "none of the rates"
        bench.add(metric)
    bench.save("throughput-latency.svg",
               plot("SET, 64 bytes, depth 16: latency by throughput", "operations a second",
                    "p99 (us)", series, logarithmic_y=True))


def points_of(bench, running, case):
    highest = maximum(bench, running, case)
    points = []
    for part in PARTS_OF_MAXIMUM:
        found = at_rate(bench, running, case, highest * part)
        points.append((found["per_second"], found["latency_us"]["all"]["p99"]))
    return points
