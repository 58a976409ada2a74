"""Axes of the charts: from values to places, and where the ticks stand."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fer_edge.benchmarks.html.tags import Element, tag

WIDTH = 480
"""Of every chart, in units of its view box; CSS scales it to the page."""


@dataclass(frozen=True)
class Axis:
    """Maps values `low` .. `high` to places `start` .. `end`, evenly or by their logarithm."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def place(self, value: float) -> float:
        """Return where a value stands; values beyond the ends stand at the end."""
        value = min(max(value, self.low), self.high)
        share = (
            math.log(value / self.low) / math.log(self.high / self.low)
            if self.log
            else (value - self.low) / (self.high - self.low)
        )
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Return round values, about four to eight."""
        return _log_ticks(self.low, self.high) if self.log else _even_ticks(self.low, self.high)


def _even_ticks(low: float, high: float) -> list[float]:
    power = 10.0 ** math.floor(math.log10((high - low) / 4))
    step = next(step * power for step in (1, 2, 2.5, 5, 10) if (high - low) / (step * power) <= 7)
    first = math.ceil(low / step - 1e-9)
    return [round(index * step, 10) for index in range(first, int(high / step + 1e-9) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    fine = [digit * 10.0**power for power in decades for digit in (1, 2, 5)]
    coarse = [10.0**power for power in decades]
    for ticks in (fine, coarse):
        inside = [tick for tick in ticks if low <= tick <= high]
        if 2 <= len(inside) <= 8:
            return inside
    return [low, math.sqrt(low * high), high] if len(inside) < 2 else inside[:: max(1, len(inside) // 6)]


def short(value: float) -> str:
    """Return a figure with three significant digits, without an exponent."""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def draw_x_axis(axis: Axis, *, top: float, bottom: float, title: str) -> list[Element]:
    """Return the ticks below a chart, their grid lines and the title."""
    elements = []
    for tick in axis.ticks():
        x = axis.place(tick)
        elements.append(tag("line", x1=x, x2=x, y1=top, y2=bottom, class_="grid"))
        elements.append(tag("text", short(tick), x=x, y=bottom + 16, text_anchor="middle", class_="tick"))
    middle = (axis.start + axis.end) / 2
    return [*elements, tag("text", title, x=middle, y=bottom + 34, text_anchor="middle", class_="title")]


def draw_y_axis(axis: Axis, *, left: float, right: float) -> list[Element]:
    """Return the ticks left of a chart, and their grid lines."""
    elements = []
    for tick in axis.ticks():
        y = axis.place(tick)
        elements.append(tag("line", x1=left, x2=right, y1=y, y2=y, class_="grid"))
        elements.append(tag("text", short(tick), x=left - 6, y=y + 4, text_anchor="end", class_="tick"))
    return elements


def chart(height: float, label: str, *elements: Element) -> Element:
    """Return an SVG picture that screen readers call `label`."""
    return tag(
        "svg",
        *elements,
        viewBox=f"0 0 {WIDTH} {height:.0f}",
        role="img",
        aria_label=label,
        preserveAspectRatio="xMidYMid meet",
    )
