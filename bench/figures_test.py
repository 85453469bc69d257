#!/usr/bin/python3
"""What is computed of figures, and how it is shown."""

import unittest
import xml.dom.minidom

import plot
import table
from figures import Metric, in_turns, load_metrics


class Figures(unittest.TestCase):
    # Given two things to measure, then they are measured in turns, ours first.
    def test_turns_alternate(self):
        order = []
        ours, theirs = in_turns(3, lambda: order.append("ours") or len(order),
                                lambda: order.append("theirs") or len(order))
        self.assertEqual(["ours", "theirs"] * 3, order)
        self.assertEqual(([1, 3, 5], [2, 4, 6]), (ours, theirs))

    # Given a machine that became twice as fast between two pairs, then the ratio within each stays.
    def test_the_ratio_is_that_within_a_pair(self):
        metric = Metric("row", "figure", "ops/s", "peer", [10, 20, 12], [5, 10, 6])
        self.assertEqual([2, 2, 2], metric.ratios())
        self.assertEqual(2, metric.as_json()["ratio_median"])
        self.assertEqual(12, metric.as_json()["ours_median"])

    # Given a run whose servers' CPU is not known, or a peer that did nothing, then that is left out.
    def test_what_is_not_known_is_left_out(self):
        run = {"per_second": 0, "cpu": {"server_seconds_per_million": None},
               "latency_us": {"all": {"p50": 1, "p99": 2, "p99_9": 3}}}
        metrics = load_metrics("row", "case", "peer", [run], [run])
        self.assertEqual([], metrics[1].ours)
        self.assertEqual([], metrics[0].ratios())


class Table(unittest.TestCase):
    # Given figures, then a line has the medians with their spread, and the ratio.
    def test_a_line_has_medians_and_spread(self):
        line = table.line(Metric("r", "SET", "ops/s", "Redis", [3000, 1000, 2000], [1000, 1000, 1000]))
        self.assertEqual("| SET | ops/s | 2,000 (1,000 – 3,000) | Redis | 1,000 (1,000 – 1,000) "
                         "| 2 (1 – 3) |", line)

    # Given a peer that is missing, then its line says why, and has as many cells as the head.
    def test_a_missing_peer_says_why(self):
        for metric in (Metric("r", "SET", "", "etcd", remark="not installed"),
                       Metric("r", "gap", "ms", "etcd", [1], remark="not installed")):
            line = table.line(metric)
            self.assertIn("not installed", line)
            self.assertEqual(table.HEAD[0].count("|"), line.count("|"))

    # Given rows of which one was not run, then it has no table.
    def test_rows_that_were_not_run_are_left_out(self):
        text = table.of_rows([("a", "first"), ("b", "second")], [Metric("b", "x", "s", ours=[1])])
        self.assertNotIn("first", text)
        self.assertIn("## b: second", text)


class Plot(unittest.TestCase):
    # Given any points, also none and only zeros, and names with odd letters, then it is a whole SVG.
    def test_a_plot_is_well_formed(self):
        for points in ([], [(0, 0)], [(0, 0), (10, 1e6)], [(x, x * x) for x in range(100)]):
            for logarithmic in (False, True):
                text = plot.plot("<title>", "x & y", "y", [("a < b", points)], logarithmic)
                document = xml.dom.minidom.parseString(text)
                self.assertEqual(1, len(document.getElementsByTagName("polyline")))

    # Given an axis, then its ends are where its smallest and largest values are, and ticks lie within.
    def test_an_axis_has_its_values_between_its_ends(self):
        axis = plot.Axis([3, 700], 100, 600, logarithmic=True)
        self.assertEqual((1, 1000), (axis.low, axis.high))
        self.assertAlmostEqual(100, axis.place(1))
        self.assertAlmostEqual(700, axis.place(1000))
        linear = plot.Axis([0, 37], 0, 370)
        self.assertTrue(2 <= len(linear.ticks()) <= 8)
        self.assertTrue(all(0 <= linear.place(tick) <= 370 for tick in linear.ticks()))


if __name__ == "__main__":
    unittest.main()
