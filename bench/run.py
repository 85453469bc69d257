#!/usr/bin/python3
"""All figures of this machine beside those of its peers: `make bench`, and bench/README.md."""

import argparse
import json
import pathlib
import signal
import sys
import time

import machine
import rows_failure
import rows_latency
import rows_size
import rows_throughput
import rows_watch
import table
from figures import Metric
from processes import Failure

ROOT = pathlib.Path(__file__).resolve().parents[1]

# Name, title, function: in the order of the table.
ROWS = (
    ("set", "writes, closed loop", rows_throughput.set_row),
    ("get", "linearizable reads, closed loop (Redis: of the primary, not linearizable)",
     rows_throughput.get_row),
    ("mix", "reads and writes", rows_throughput.mix_row),
    ("values", "sizes of values", rows_throughput.values_row),
    ("batches", "many keys in one command", rows_throughput.batches_row),
    ("multi", "transactions", rows_throughput.multi_row),
    ("watchers", "writes with 1,000 watchers, beside none", rows_watch.watchers_row),
    ("half-load", "latency at half load", rows_latency.half_load_row),
    ("curve", "throughput against latency", rows_latency.curve_row),
    ("kill", "a replica is killed", rows_failure.kill_row),
    ("pause", "a replica is paused", rows_failure.pause_row),
    ("published", "the protocol as published, both in memory", rows_throughput.published_row),
    ("replicas", "1 to 7 replicas", rows_throughput.replicas_row),
    ("memory", "memory", rows_size.memory_row),
    ("snapshot", "a snapshot under load", rows_size.snapshot_row),
    ("restart", "restart", rows_size.restart_row),
    ("idle", "what is idle costs nothing", rows_size.idle_row),
)
NAMES = [name for name, _, _ in ROWS]


class Bench:
    """What rows are given: settings, flags for loads, and where figures go."""

    def __init__(self, settings):
        self.settings = settings
        self.metrics = []
        self.begun = time.monotonic()
        self.timing = ("--seconds", settings.seconds, "--warmup", settings.seconds / 4,
                       "--connections", 50)
        self.keys = ("--keys", self.scaled(1_000_000))

    def scaled(self, count):
        """A quick run has a hundredth of all keys."""
        return max(count // 100, 100) if self.settings.quick else count

    def add(self, metric):
        self.metrics.append(metric)

    def say(self, words):
        print(f"[{time.monotonic() - self.begun:6.0f} s] {words}", file=sys.stderr, flush=True)

    def save(self, name, text):
        self.settings.results.mkdir(parents=True, exist_ok=True)
        (self.settings.results / name).write_text(text, encoding="utf-8")

    def run_row(self, name, function):
        """A row that fails says so, and the others go on."""
        try:
            function(self)
        except (Failure, OSError) as failure:
            self.say(f"{name} failed: {failure}")
            self.add(Metric(name, "failed", "", remark=str(failure).splitlines()[0]))
            return False
        return True


def parse(words):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "release" / "bin",
                        help="where the programs are")
    parser.add_argument("--only", action="append", choices=NAMES, metavar="NAME", default=[],
                        help=f"this row only; may be repeated: {', '.join(NAMES)}")
    parser.add_argument("--pairs", type=int, default=5, help="turns of each figure [5]")
    parser.add_argument("--seconds", type=float, help="measured in each turn [3]")
    parser.add_argument("--quick", action="store_true",
                        help="one short turn and few keys: shows that it runs, and measures nothing")
    parser.add_argument("--directory", type=pathlib.Path, default=ROOT / "build" / "bench",
                        help="for the servers' data; the disk that it is on is measured [build/bench]")
    parser.add_argument("--results", type=pathlib.Path, default=ROOT / "bench" / "results",
                        help="for the figures [bench/results]")
    settings = parser.parse_args(words)
    if settings.pairs < 1:
        parser.error("--pairs: at least 1")
    if settings.quick:
        settings.pairs = 1
    settings.seconds = settings.seconds or (0.5 if settings.quick else 3)
    settings.bin, settings.directory = settings.bin.resolve(), settings.directory.resolve()
    settings.directory.mkdir(parents=True, exist_ok=True)
    return settings


def save_all(bench, facts):
    settings = {"pairs": bench.settings.pairs, "seconds of each": bench.settings.seconds,
                "quick": "yes: these are no figures" if bench.settings.quick else "no"}
    rows = [(name, title) for name, title, _ in ROWS]
    bench.save("figures.json", json.dumps(
        {"machine": facts, "settings": settings,
         "metrics": [metric.as_json() for metric in bench.metrics]}, indent=1) + "\n")
    bench.save("table.md", table.document(facts, settings, rows, bench.metrics))
    return table.of_rows(rows, bench.metrics)


def interrupt(*_):
    """The first signal ends the run; a second one must not end the cleaning up."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main(words):
    settings = parse(words)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    bench = Bench(settings)
    facts = machine.facts(settings.directory)
    well = True
    try:
        for name, _, function in ROWS:
            if not settings.only or name in settings.only:
                well &= bench.run_row(name, function)
    except KeyboardInterrupt:
        bench.say("interrupted: what was measured so far is kept")
        well = False
    print(save_all(bench, facts))
    print(f"All of it is in {settings.results}/", file=sys.stderr)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
