"""What monitoring sees of three replicas: /metrics, /healthz, /readyz, /v1/status, SLOWLOG, MONITOR."""

import contextlib
import json
import math
import re
import socket
import time
import unittest
import urllib.error
import urllib.request

import redis

from cluster import PATIENCE_SECONDS, Cluster, wait_until
from port_block import METRICS_PORT_OFFSET

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)')
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)$")
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}


def get(cluster, number, path, method="GET"):
    """Status, headers and text of one request to a replica."""
    url = f"http://127.0.0.1:{cluster.port(number) + METRICS_PORT_OFFSET}{path}"
    request = urllib.request.Request(url, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.headers, refusal.read().decode()


def parse_labels(text):
    labels = {}
    at = 0
    while at < len(text):
        found = LABEL.match(text, at)
        if not found or found[1] in labels:
            raise AssertionError(f"malformed labels: {text!r}")
        labels[found[1]] = found[2]
        at = found.end()
    return tuple(sorted(labels.items()))


class Exposition:
    """The text format of Prometheus, read as strictly as it is defined."""

    def __init__(self, text):
        if not text.endswith("\n"):
            raise AssertionError("the last line has no end")
        self.types = {}
        self.samples = {}
        helped = set()
        family = None
        for line in text.splitlines():
            if line.startswith("# HELP "):
                family = line.split(" ", 3)[2]
                self.expect(family not in helped and len(line.split(" ", 3)) == 4, line)
                helped.add(family)
            elif line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                self.expect(name == family and name not in self.types and kind in SUFFIXES, line)
                self.types[name] = kind
            else:
                self.add_sample(family, line)
        self.expect(helped == set(self.types), "each family has a HELP and a TYPE")
        self.check_histograms()

    @staticmethod
    def expect(true, what):
        if not true:
            raise AssertionError(f"not as the format says: {what}")

    def add_sample(self, family, line):
        found = SAMPLE.match(line)
        self.expect(found, line)
        name, labels, value = found[1], parse_labels(found[2] or ""), float(found[3])
        kind = self.types.get(family)
        self.expect(kind and name in [family + suffix for suffix in SUFFIXES[kind]], line)
        self.expect((name, labels) not in self.samples, line)
        self.expect(kind == "gauge" or value >= 0, line)
        self.samples[name, labels] = value

    def check_histograms(self):
        for name, kind in self.types.items():
            if kind != "histogram":
                continue
            series = {}
            for (sample, labels), value in self.samples.items():
                if sample == name + "_bucket":
                    rest = tuple(pair for pair in labels if pair[0] != "le")
                    series.setdefault(rest, []).append((float(dict(labels)["le"]), value))
            self.expect(series, name)
            for rest, buckets in series.items():
                self.expect(buckets == sorted(buckets), name)
                self.expect([count for _, count in buckets] == sorted(c for _, c in buckets), name)
                self.expect(buckets[-1] == (math.inf, self.samples[name + "_count", rest]), name)

    def value(self, name, **labels):
        return self.samples[name, tuple(sorted(labels.items()))]


def metrics(cluster, number):
    status, headers, text = get(cluster, number, "/metrics")
    if status != 200 or headers["Content-Type"] != "text/plain; version=0.0.4; charset=utf-8":
        raise AssertionError(f"{status} {headers} {text}")
    return Exposition(text)


class Metrics(unittest.TestCase):
    # Given a cluster that works, then its metrics are well formed and count what was done: commands by
    # name, their times with the commit in it, slots, peers, the log.
    def test_metrics_count_what_was_done(self):
        with Cluster() as cluster, cluster.client(1) as client:
            before = metrics(cluster, 1)
            for i in range(50):
                client.set(f"k{i}", "v")
            with self.assertRaises(redis.ResponseError):
                client.incr("k0")
            client.get("k0")
            time.sleep(0.2)  # A picture is shown for a tenth of a second.
            after = metrics(cluster, 1)
            self.assertEqual(1, after.value("rabia_serving"))
            self.assertEqual(50, after.value("rabia_keys"))
            self.assertEqual(50, after.value("rabia_commands_total", command="set"))
            self.assertEqual(50, after.value("rabia_command_seconds_count", command="set"))
            self.assertGreater(after.value("rabia_command_seconds_sum", command="set"),
                               after.value("rabia_commit_stage_seconds_sum", stage="replicate") / 2)
            self.assertEqual(1, after.value("rabia_commands_failed_total", command="incrby"))
            self.assertEqual(1, after.value("rabia_error_replies_total", code="ERR"))
            self.assertEqual(51, after.value("rabia_commit_seconds_count"))
            for stage in ("queue", "replicate", "execute"):
                self.assertEqual(51, after.value("rabia_commit_stage_seconds_count", stage=stage))
            self.assertGreaterEqual(after.value("rabia_log_write_seconds_count"), 51)
            self.assertGreaterEqual(after.value("rabia_slots_total", outcome="batch"), 51)
            self.assertGreater(after.value("rabia_batches_executed_total"),
                               before.value("rabia_batches_executed_total"))
            for peer in ("2", "3"):
                self.assertEqual(1, after.value("rabia_peer_connected", peer=peer))
                self.assertGreater(after.value("rabia_peer_sent_bytes_total", peer=peer), 0)
                self.assertEqual(1, after.value("rabia_lane_trust_interval_rounds", peer=peer))
            self.assertGreater(after.value("rabia_disk_free_bytes"), 0)
            self.assertGreater(after.value("process_resident_memory_bytes"), 1 << 20)
            for number in (2, 3):
                self.assertEqual(50, metrics(cluster, number).value("rabia_keys"))

    # Given requests for nothing that there is, then they are refused, with what there is.
    def test_other_requests_are_refused(self):
        with Cluster() as cluster:
            status, _, text = get(cluster, 1, "/nosuch")
            self.assertEqual((404, "there are /metrics, /healthz, /readyz and /v1/status\n"),
                             (status, text))
            status, headers, _ = get(cluster, 1, "/metrics", method="POST")
            self.assertEqual((405, "GET, HEAD"), (status, headers["Allow"]))

    # Given a cluster whose majority is killed and comes back, then the survivor lives all the time, and is
    # ready, is not and says why, and is again.
    def test_readiness_follows_the_quorum(self):
        with Cluster() as cluster:
            self.assertEqual((200, "ready\n"), self.ready(cluster))
            cluster.kill(2, 3)
            wait_until(lambda: self.ready(cluster)[0] == 503, "it is not ready")
            self.assertIn("not ready: no quorum of the members is connected",
                          self.ready(cluster)[1])
            self.assertEqual(200, get(cluster, 1, "/healthz")[0])
            self.assertEqual(0, metrics(cluster, 1).value("rabia_serving"))
            status = json.loads(get(cluster, 1, "/v1/status")[2])
            self.assertFalse(status["serving"])
            self.assertEqual([True, False, False], [m["connected"] for m in status["members"]])
            cluster.start_in_background(2)
            cluster.start_in_background(3)
            wait_until(lambda: self.ready(cluster) == (200, "ready\n"), "it is ready again")
            wait_until(lambda: metrics(cluster, 1).value("rabia_serving") == 1, "it serves")

    def ready(self, cluster):
        status, _, text = get(cluster, 1, "/readyz")
        return status, text

    # Given a cluster, then the status of a replica says who it is and with whom, and its digest is the one
    # that it answers itself.
    def test_status_is_json(self):
        with Cluster() as cluster, cluster.client(2) as client:
            client.set("a", "1")
            time.sleep(0.2)
            _, headers, text = get(cluster, 2, "/v1/status")
            self.assertEqual("application/json", headers["Content-Type"])
            status = json.loads(text)
            self.assertEqual((2, "local", True), (status["id"], status["cluster"], status["serving"]))
            self.assertEqual([1, 2, 3], sorted(member["id"] for member in status["members"]))
            self.assertEqual([2], [member["id"] for member in status["members"] if member["self"]])
            info = client.info("rabia")
            self.assertEqual(info["log_position"], status["position"])
            self.assertEqual(info["digest"], status["digest"])
            self.assertEqual(1, status["server"]["keys"])

    # Given clients that do not end their requests, far more than there may be, then others are answered.
    def test_idle_connections_keep_nobody_out(self):
        with Cluster() as cluster, contextlib.ExitStack() as opened:
            address = ("127.0.0.1", cluster.port(1) + METRICS_PORT_OFFSET)
            for _ in range(200):
                idle = opened.enter_context(socket.create_connection(address))
                idle.sendall(b"GET /metrics HTTP/1.1\r\n")
            self.assertEqual((200, "ready\n"), self.ready(cluster))
            with cluster.client(1) as client:
                self.assertTrue(client.set("a", "1"))

    # Given a port that is taken, then a replica says which setting is to be changed; one that shall not
    # listen there does not.
    def test_the_port_is_a_setting(self):
        with Cluster(options=["--set", "metrics-enabled=false"]) as cluster:
            with self.assertRaises(urllib.error.URLError):
                get(cluster, 1, "/healthz")


class Commands(unittest.TestCase):
    # Given commands through the log, when all are slow enough, then SLOWLOG shows them with what they took,
    # by a client's own means.
    def test_the_slow_log_has_the_commit_in_it(self):
        with Cluster() as cluster, cluster.client(1) as client:
            client.config_set("slowlog-log-slower-than", 0)
            client.slowlog_reset()
            client.set("key", "x" * 200)
            slow = client.slowlog_get()
            entry = next(entry for entry in slow if entry["command"].startswith(b"SET key"))
            self.assertTrue(entry["command"].endswith(b"... (72 more bytes)"), entry)
            self.assertGreater(entry["duration"], 20)
            self.assertAlmostEqual(time.time(), entry["start_time"], delta=60)
            client.config_set("slowlog-log-slower-than", -1)
            client.slowlog_reset()
            client.set("key", "y")
            self.assertEqual(0, client.slowlog_len())
            self.assertEqual(2, client.info("commandstats")["cmdstat_set"]["calls"])
            self.assertIn("p50", client.info("latencystats")["latency_percentiles_usec_set"])

    # Given a client in MONITOR, then it is shown what another one does, and no password.
    def test_a_monitor_sees_commands(self):
        with Cluster() as cluster, cluster.client(1) as client, \
                redis.Redis(port=cluster.port(1)) as watcher, watcher.monitor() as monitor:
            client.set("a b", "1")
            with contextlib.suppress(redis.RedisError):
                client.execute_command("AUTH", "hush")
            client.echo("end")
            seen = []
            while not seen or seen[-1] != "ECHO end":
                seen.append(monitor.next_command()["command"])
            self.assertIn("SET a b 1", seen)
            self.assertIn("AUTH (redacted)", seen)


if __name__ == "__main__":
    unittest.main(verbosity=2)
