"""Figures, taken in turns, and what is said of them: medians, spread, and the ratio within each pair."""

import dataclasses
import statistics


@dataclasses.dataclass
class Metric:
    """One figure of a row, of ours and of its peer, pair after pair. Without a peer that list is empty."""
    row: str
    figure: str
    unit: str
    peer: str = ""
    ours: list = dataclasses.field(default_factory=list)
    theirs: list = dataclasses.field(default_factory=list)
    remark: str = ""  # Instead of figures: why there are none. Or beside them.

    def ratios(self):
        """Ours by the peer's, pair by pair: what drifts with the machine drops out."""
        return [mine / other for mine, other in zip(self.ours, self.theirs) if other]

    def as_json(self):
        return {**dataclasses.asdict(self), "ours_median": median(self.ours),
                "theirs_median": median(self.theirs), "ratios": self.ratios(),
                "ratio_median": median(self.ratios())}


def median(values):
    return statistics.median(values) if values else None


# What each run of a load is asked for: the name, the unit, and where it is in rabia-bench's JSON.
LOAD_METRICS = (
    ("throughput", "ops/s", lambda found: found["per_second"]),
    ("CPU of all servers", "s/1M ops", lambda found: found["cpu"]["server_seconds_per_million"]),
    ("p50", "us", lambda found: found["latency_us"]["all"]["p50"]),
    ("p99", "us", lambda found: found["latency_us"]["all"]["p99"]),
    ("p99.9", "us", lambda found: found["latency_us"]["all"]["p99_9"]),
)


def in_turns(pairs, ours, theirs):
    """Calls ours, theirs, ours, theirs, …; returns the two lists of what they returned."""
    found = ([], [])
    for _ in range(pairs):
        found[0].append(ours())
        found[1].append(theirs())
    return found


def load_metrics(row, case, peer, ours, theirs):
    """Metrics out of the figures of two lists of runs."""
    return [Metric(row, f"{case}, {name}", unit, peer, present([get(each) for each in ours]),
                   present([get(each) for each in theirs]))
            for name, unit, get in LOAD_METRICS]


def present(values):
    return [value for value in values if value is not None]
