"""The charts of the page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fer_edge.benchmarks.html.axes import WIDTH, Axis, chart, draw_x_axis, draw_y_axis, short
from fer_edge.benchmarks.html.tags import Element, tag
from fer_edge.benchmarks.results import Series
from fer_edge.evaluation.metrics import Interval

SHAPES = 4
COLOURS = 6
LONGEST_TAIL = 6.0
"""Of a latency distribution, in medians."""


_CORNERS: dict[int, list[tuple[float, float]]] = {
    1: [(-5.5, -5.5), (5.5, -5.5), (5.5, 5.5), (-5.5, 5.5)],
    2: [(0, -7), (7, 5.5), (-7, 5.5)],
    3: [(0, -8), (8, 0), (0, 8), (-8, 0)],
}


@dataclass(frozen=True)
class Point:
    """A variant on a device in the Pareto chart; `label` names both, `name` only the variant.

    Accuracy in per cent, latency in ms.
    """

    label: str
    name: str
    colour: int
    shape: int
    latency_ms: float
    accuracy: float
    interval: Interval


def find_front(points: list[Point]) -> list[Point]:
    """Return the points that no other beats in latency and accuracy, fastest first."""
    front: list[Point] = []
    for point in sorted(points, key=lambda point: (point.latency_ms, -point.accuracy)):
        if not front or point.accuracy > front[-1].accuracy:
            front.append(point)
    return front


def draw_pareto(points: list[Point]) -> Element:
    """Return accuracy over latency, with the front of the variants that no other beats."""
    low, high = min(p.latency_ms for p in points), max(p.latency_ms for p in points)
    x = Axis(low / 1.5, high * 1.5, 46, WIDTH - 12, log=True)
    bottom, top = min(100 * p.interval.low for p in points), max(100 * p.interval.high for p in points)
    y = Axis(max(0, bottom - 0.6), min(100, top + 0.6), 300, 16)
    elements = [
        *draw_x_axis(x, top=16, bottom=300, title="predict of a 48x48 crop, p50 in ms (faster to the left)"),
        *draw_y_axis(y, left=46, right=WIDTH - 12),
    ]
    front = find_front(points)
    steps = " ".join(f"{x.place(p.latency_ms):.1f},{y.place(p.accuracy):.1f}" for p in front)
    elements.append(tag("polyline", points=steps, class_="front"))
    for point in points:
        px = x.place(point.latency_ms)
        ends = [y.place(100 * bound) for bound in (point.interval.low, point.interval.high)]
        elements.append(tag("line", x1=px, x2=px, y1=ends[0], y2=ends[1], class_=f"whisker c{point.colour}"))
    for point in points:
        mark = draw_mark(point.shape, x.place(point.latency_ms), y.place(point.accuracy), f"mark c{point.colour}")
        mark.append(tag("title", f"{point.label}: {point.accuracy:.2f} %, {short(point.latency_ms)} ms"))
        elements.append(mark)
    elements += _label_points(front, x, y)
    return chart(340, "Accuracy over latency of each variant", *elements)


def _label_points(points: list[Point], x: Axis, y: Axis) -> list[Element]:
    """Return the names of points, moved up where two would overlap."""
    labels: list[Element] = []
    taken: list[tuple[float, float]] = []
    for point in sorted(points, key=lambda point: point.accuracy):
        px, py = x.place(point.latency_ms), y.place(point.accuracy) - 9
        right = px < WIDTH / 2
        while any(abs(py - other) < 14 and abs(px - across) < 170 for across, other in taken):
            py -= 14
        taken.append((px, py))
        anchor = "start" if right else "end"
        labels.append(tag("text", point.name, x=px + (8 if right else -8), y=py, text_anchor=anchor, class_="label"))
    return labels


def draw_mark(shape: int, x: float, y: float, class_: str) -> Element:
    """Return the mark of a device: circle, square, triangle or diamond."""
    if shape % SHAPES == 0:
        return tag("circle", cx=x, cy=y, r=6, class_=class_)
    return tag(
        "polygon", points=" ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in _CORNERS[shape % SHAPES]), class_=class_
    )


def draw_distributions(rows: list[tuple[str, int, Series]], title: str) -> Element:
    """Return one histogram a row, on a common logarithmic axis; marks at p50 and p99.

    Args:
        rows: label, colour and samples.
        title: of the axis.
    """
    samples = [np.concatenate([np.asarray(part) for part in series.rounds_ms]) for _, _, series in rows]
    low = min(float(np.percentile(part, 0.1)) for part in samples) / 1.05
    # A tail that is longer stands at the right edge; else it would crowd what matters.
    tails = (min(float(np.percentile(part, 99.5)), LONGEST_TAIL * float(np.median(part))) for part in samples)
    high = max(tails)
    axis = Axis(low, high * 1.05, 8, WIDTH - 8, log=True)
    row_height, bottom = 46, 8 + 46 * len(rows)
    elements = draw_x_axis(axis, top=4, bottom=bottom, title=title)
    for index, ((label, colour, series), part) in enumerate(zip(rows, samples, strict=True)):
        floor = 8 + row_height * (index + 1) - 4
        summary = series.summary_ms
        elements.append(_histogram(part, axis, floor, colour))
        for place, height in ((summary.p50, 24), (summary.p99, 12)):
            x = axis.place(place)
            elements.append(tag("line", x1=x, x2=x, y1=floor, y2=floor - height, class_=f"stroke c{colour}"))
        figures = f"{short(summary.p50)} / {short(summary.p99)}"
        elements.append(tag("text", label, x=8, y=floor - 28, class_="label"))
        elements.append(tag("text", figures, x=WIDTH - 8, y=floor - 28, text_anchor="end", class_="label"))
    return chart(bottom + 40, title, *elements)


def _histogram(
    samples: np.ndarray, axis: Axis, floor: float, colour: int, *, bins: int = 90, tall: float = 24
) -> Element:
    edges = np.geomspace(axis.low, axis.high, bins + 1)
    counts, _ = np.histogram(samples.clip(axis.low, axis.high), edges)
    heights = tall * np.sqrt(counts / counts.max())  # the root shows the rare slow ones too
    corners = [f"{axis.start:.1f},{floor:.1f}"]
    for index, height in enumerate(heights):
        left, right = axis.place(float(edges[index])), axis.place(float(edges[index + 1]))
        corners += [f"{left:.1f},{floor - height:.1f}", f"{right:.1f},{floor - height:.1f}"]
    return tag("polygon", points=" ".join([*corners, f"{axis.end:.1f},{floor:.1f}"]), class_=f"area c{colour}")


def draw_confusion(matrix: list[list[int]], labels: list[str], name: str) -> Element:
    """Return a confusion matrix with each row in per cent of its true class."""
    left, top, cell = 76, 30, (WIDTH - 84) / len(labels)
    tall = cell * 0.72
    elements = [tag("text", "predicted", x=left + cell * len(labels) / 2, y=12, text_anchor="middle", class_="title")]
    for column, label in enumerate(labels):
        x = left + cell * (column + 0.5)
        elements.append(tag("text", label, x=x, y=top - 4, text_anchor="middle", class_="tick"))
    for row, counts in enumerate(matrix):
        total, y = max(1, sum(counts)), top + row * tall
        elements.append(tag("text", labels[row], x=left - 6, y=y + tall / 2 + 4, text_anchor="end", class_="tick"))
        for column, count in enumerate(counts):
            share, x = count / total, left + column * cell
            box = tag(
                "rect",
                x=x + 1,
                y=y + 1,
                width=cell - 2,
                height=tall - 2,
                rx=3,
                fill_opacity=max(0.04, share),
                class_="heat",
            )
            box.append(tag("title", f"{labels[row]} predicted as {labels[column]}: {count:,} of {total:,}"))
            tone = "cell strong" if share > 0.5 else "cell"
            text = tag(
                "text", f"{100 * share:.0f}", x=x + cell / 2, y=y + tall / 2 + 5, text_anchor="middle", class_=tone
            )
            elements += [box, text]
    return chart(top + tall * len(labels) + 6, f"Confusion matrix of {name}", *elements)


def draw_class_drops(labels: list[str], drops: list[tuple[str, int, list[float]]]) -> Element:
    """Return how much recall each class lost, in points, one bar per variant.

    Args:
        labels: the classes.
        drops: name, colour, and one drop per class; positive is lost.
    """
    largest = max([1.0, *(abs(value) for _, _, values in drops for value in values)])
    axis = Axis(-largest * 1.1, largest * 1.1, 80, WIDTH - 10)
    bar, gap = 10, 10
    block = bar * len(drops) + gap
    bottom = 8 + block * len(labels)
    elements = draw_x_axis(axis, top=4, bottom=bottom, title="recall lost against the baseline, points")
    zero = axis.place(0)
    elements.append(tag("line", x1=zero, x2=zero, y1=4, y2=bottom, class_="zero"))
    for row, label in enumerate(labels):
        y = 8 + row * block + gap / 2
        elements.append(tag("text", label, x=74, y=y + bar * len(drops) / 2 + 4, text_anchor="end", class_="tick"))
        for index, (name, colour, values) in enumerate(drops):
            ends = sorted((zero, axis.place(values[row])))
            width = max(1.0, ends[1] - ends[0])
            rect = tag("rect", x=ends[0], y=y + index * bar, width=width, height=bar - 2, class_=f"bar c{colour}")
            rect.append(tag("title", f"{name}, {label}: {values[row]:+.2f} points"))
            elements.append(rect)
    return chart(bottom + 40, "Recall lost per class", *elements)
