"""The figures as a table in Markdown."""

from figures import median

HEAD = ("| figure | unit | ours | peer | peer's | ours / peer's |", "|---|---|---|---|---|---|")


def number(value):
    """With three significant digits, and thousands apart."""
    if value is None:
        return "–"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def with_spread(values):
    """The median, and the lowest and the highest in brackets."""
    if not values:
        return "–"
    if len(values) == 1:
        return number(values[0])
    return f"{number(median(values))} ({number(min(values))} – {number(max(values))})"


def line(metric):
    if metric.remark and not metric.ours:
        return f"| {metric.figure} | | – | {metric.peer} | {metric.remark} | |"
    peers = with_spread(metric.theirs) if metric.theirs or not metric.remark else metric.remark
    return "| " + " | ".join([metric.figure, metric.unit, with_spread(metric.ours), metric.peer or "–",
                              peers, with_spread(metric.ratios())]) + " |"


def of_rows(rows, metrics):
    """One table for each row, of which each is (name, title)."""
    parts = []
    for name, title in rows:
        own = [metric for metric in metrics if metric.row == name]
        if own:
            parts.append("\n".join([f"## {name}: {title}", "", *HEAD, *(line(each) for each in own)]))
    return "\n\n".join(parts) + "\n"


def document(machine, settings, rows, metrics):
    facts = "\n".join(f"- {name}: {value}" for name, value in {**machine, **settings}.items())
    return ("# Figures\n\nMedians of runs taken in turns, with the lowest and the highest of them. Load and "
            "servers share the\nmachine: what counts is the ratio within a pair.\n\n"
            f"{facts}\n\n{of_rows(rows, metrics)}")
