"""Rows in which something fails under load: a replica is killed, or paused."""

import os
import signal
import time

import load
from figures import Metric, in_turns
from plot import plot
from servers import Etcd, Rabia, etcd_leader_port

# etcd takes more than a second to find a leader.
SECONDS = 6
FAILS_AFTER_SECONDS = 2
PAUSED_SECONDS = 5
SHOWN_SECONDS = 3


def kill_row(bench):
    """The longest time without a completed write, anywhere, when a replica (of etcd: the leader) is killed."""
    etcd = Etcd(bench.settings)
    metric = Metric("kill", "longest time without a completed write", "ms",
                    f"{etcd.name}, its leader")
    timelines = {}

    def one(setup, pid_of):
        bench.say(f"kill: {setup.name}")
        with setup.start() as running:
            found, timelines[setup.name] = killed_under_load(bench, running, pid_of(running))
            return found["gap"]["milliseconds"]

    def ours():
        return one(Rabia(bench.settings), lambda running: running.pids[-1])

    if etcd.missing():
        metric.ours = [ours() for _ in range(bench.settings.pairs)]
        metric.remark = etcd.missing()
    else:
        metric.ours, metric.theirs = in_turns(bench.settings.pairs, ours, lambda: one(etcd, leader_pid))
    bench.add(metric)
    bench.save("gap.svg", plot("A replica (etcd: the leader) is killed at second "
                               f"{FAILS_AFTER_SECONDS}", "second", "writes completed in 10 ms",
                               sorted(timelines.items(), reverse=True)))


def leader_pid(running):
    return running.process_of[etcd_leader_port(running)].pid


def killed_under_load(bench, running, pid):
    """Figures and timeline of a load in which the process dies. Broken connections are no failure here."""
    timeline = running.home.directory / "timeline.csv"
    flags = ("--seconds", SECONDS, "--keys", bench.scaled(20_000), "--mix", "set", "--gap",
             "--timeline", timeline)
    run = load.Run(bench.settings, running, flags, allow_errors=True)
    time.sleep(FAILS_AFTER_SECONDS)
    os.kill(pid, signal.SIGKILL)
    found = run.result()
    return found, points_in(timeline.read_text())


def points_in(csv):
    rows = [line.split(",") for line in csv.splitlines()[1:]]
    return [(float(row[0]), int(row[2])) for row in rows
            if abs(float(row[0]) - FAILS_AFTER_SECONDS) < SHOWN_SECONDS / 2]


def pause_row(bench):
    """p99 at the other replicas while one is stopped (SIGSTOP), beside p99 while none is."""
    metric = Metric("pause", f"p99 at the others, one paused for {PAUSED_SECONDS} s", "us",
                    "ours, none paused")
    with Rabia(bench.settings).start() as running:
        load.preload(bench.settings, running, *bench.keys)
        bench.say("pause")
        metric.ours, metric.theirs = in_turns(
            bench.settings.pairs, lambda: others_p99(bench, running, running.pids[-1]),
            lambda: others_p99(bench, running, None))
    bench.add(metric)


def others_p99(bench, running, paused):
    run = load.Run(bench.settings, running,
                   ("--seconds", PAUSED_SECONDS, *bench.keys, "--mix", "set", "--patience", 30))
    if paused:
        os.kill(paused, signal.SIGSTOP)
        try:
            time.sleep(PAUSED_SECONDS)
        finally:
            os.kill(paused, signal.SIGCONT)
    return max(each["latency_us"]["p99"] for each in run.result()["targets"][:-1])
