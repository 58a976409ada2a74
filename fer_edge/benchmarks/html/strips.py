"""A dot a device: the times of a fleet, and who is slow."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from fer_edge.benchmarks.html.axes import WIDTH, Axis, chart, draw_x_axis, short
from fer_edge.benchmarks.html.tags import Element, tag

RADIUS = 3.2
ROW_HEIGHT = 74.0
STACK = 34.0
"""Height that a column of dots may take; more dots stand closer together."""

NAMED = 3
"""Slow devices of a row that are named in the chart, the slowest; the table names all."""


@dataclass(frozen=True)
class Strip:
    """One row: the times of a variant, in ms by device, and the devices that are slow, slowest first."""

    title: str
    times_ms: dict[str, float]
    slow: tuple[str, ...]


def draw_strips(strips: list[Strip], label: str) -> Element:
    """Return one row of dots a variant on a common logarithmic axis; a line stands at each median."""
    values = [time for strip in strips for time in strip.times_ms.values()]
    axis = Axis(min(values) / 1.1, max(values) * 1.1, 10, WIDTH - 10, log=True)
    bottom = 8 + ROW_HEIGHT * len(strips)
    elements = draw_x_axis(axis, top=4, bottom=bottom, title="predict of a 48x48 crop, p50 in ms")
    for row, strip in enumerate(strips):
        elements += _draw_strip(strip, axis, 8 + ROW_HEIGHT * (row + 1) - 8)
    return chart(bottom + 40, label, *elements)


def _draw_strip(strip: Strip, axis: Axis, floor: float) -> list[Element]:
    median = float(np.median(list(strip.times_ms.values())))
    x = axis.place(median)
    elements = [
        tag("text", strip.title, x=10, y=floor - ROW_HEIGHT + 22, class_="label"),
        tag("text", f"median {short(median)} ms", x=WIDTH - 10, y=floor - ROW_HEIGHT + 22, text_anchor="end"),
        tag("line", x1=x, x2=x, y1=floor + 4, y2=floor - STACK - 6, class_="zero"),
    ]
    columns: defaultdict[int, list[str]] = defaultdict(list)
    for name in sorted(strip.times_ms, key=lambda name: (name in strip.slow, name)):
        columns[round(axis.place(strip.times_ms[name]) / (2 * RADIUS))].append(name)
    for names in columns.values():
        step = min(2 * RADIUS, STACK / len(names))
        for index, name in enumerate(names):
            slow = name in strip.slow
            dot = tag(
                "circle",
                cx=axis.place(strip.times_ms[name]),
                cy=floor - RADIUS - index * step,
                r=RADIUS + 1 if slow else RADIUS,
                class_=f"dot c{1 if slow else 0}",
            )
            dot.append(tag("title", f"{name}: {short(strip.times_ms[name])} ms"))
            elements.append(dot)
    return elements + _name_slow(strip, axis, floor)


def _name_slow(strip: Strip, axis: Axis, floor: float) -> list[Element]:
    """Return the names of the slowest devices, one above the other where they would overlap."""
    elements: list[Element] = []
    taken: list[tuple[float, float]] = []
    for name in strip.slow[:NAMED]:
        x, y = axis.place(strip.times_ms[name]), floor - 12.0
        while any(abs(x - other) < 9 * len(name) and y == height for other, height in taken):
            y -= 13
        taken.append((x, y))
        anchor = "end" if x > WIDTH / 2 else "start"
        elements.append(tag("text", name, x=x + (4 if anchor == "end" else -4), y=y, text_anchor=anchor, class_="tick"))
    return elements
