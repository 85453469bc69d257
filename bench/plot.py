"""Plots as SVG texts: series of points with axes, linear or logarithmic."""

import html
import math

WIDTH, HEIGHT = 860, 460
LEFT, RIGHT, TOP, BOTTOM = 80, 310, 40, 60
COLOURS = ("#1b6ca8", "#d1495b", "#2e933c", "#8a5a00", "#6a4c93", "#444444")


class Axis:
    """Values to places along an axis of `length` pixels, from `begin` on."""

    def __init__(self, values, begin, length, logarithmic=False):
        self.begin, self.length, self.logarithmic = begin, length, logarithmic
        if logarithmic:
            values = [value for value in values if value > 0] or [1]
            self.low = 10 ** math.floor(math.log10(min(values)))
            self.high = max(10 ** math.ceil(math.log10(max(values))), self.low * 10)
        else:
            self.low, self.high = 0, (max(values) if values else 1) or 1

    def place(self, value):
        if self.logarithmic:
            part = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            part = (value - self.low) / (self.high - self.low)
        return self.begin + part * self.length

    def ticks(self):
        if self.logarithmic:
            first, last = round(math.log10(self.low)), round(math.log10(self.high))
            return [10.0 ** power for power in range(first, last + 1)]
        step = 10 ** math.floor(math.log10(self.high / 2))
        while self.high / step > 6:
            step *= 2
        return [step * place for place in range(int(self.high / step) + 1)]


def plot(title, x_title, y_title, series, logarithmic_y=False):
    """`series` is a list of (name, [(x, y), …])."""
    points = [point for _, each in series for point in each]
    x_axis = Axis([x for x, _ in points], LEFT, WIDTH - LEFT - RIGHT)
    y_axis = Axis([y for _, y in points], HEIGHT - BOTTOM, -(HEIGHT - TOP - BOTTOM), logarithmic_y)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
             'font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
             text(LEFT, TOP - 16, title, size=15), *grid(x_axis, y_axis),
             text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16, x_title, anchor="middle"),
             text(LEFT, TOP - 2, y_title)]
    for place, (name, each) in enumerate(series):
        parts += curve(name, each, COLOURS[place % len(COLOURS)], place, x_axis, y_axis)
    return "\n".join([*parts, "</svg>", ""])


def grid(x_axis, y_axis):
    for value in x_axis.ticks():
        x = x_axis.place(value)
        yield rule(x, TOP, x, HEIGHT - BOTTOM)
        yield text(x, HEIGHT - BOTTOM + 16, short(value), anchor="middle")
    for value in y_axis.ticks():
        y = y_axis.place(value)
        yield rule(LEFT, y, WIDTH - RIGHT, y)
        yield text(LEFT - 6, y + 4, short(value), anchor="end")


def curve(name, points, colour, place, x_axis, y_axis):
    places = [(x_axis.place(x), y_axis.place(y)) for x, y in points]
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    if len(points) <= 40:
        for x, y in places:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
    y = TOP + 14 + 18 * place
    yield f'<rect x="{WIDTH - RIGHT + 12}" y="{y - 9}" width="12" height="10" fill="{colour}"/>'
    yield text(WIDTH - RIGHT + 30, y, name)


def rule(x1, y1, x2, y2):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#dddddd"/>'


def text(x, y, words, anchor="start", size=12):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">'
            f'{html.escape(words)}</text>')


def short(value):
    for unit, name in ((1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:g}{name}"
    return f"{value:g}"
