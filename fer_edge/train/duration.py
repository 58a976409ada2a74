"""Durations as users write them: "90s", "150m", "1h30m"."""

from __future__ import annotations

import math
import re

from fer_edge.errors import RecipeError

UNITS = {"s": 1, "m": 60, "h": 3600}


def parse_duration(text: str) -> float:
    """Return the seconds in "90s", "150m", "10h" or "1h30m".

    Raises:
        RecipeError: the text is none of these, or zero.
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)([smh])", text)
    seconds = sum(float(number) * UNITS[unit] for number, unit in parts)
    if "".join(number + unit for number, unit in parts) != text or seconds <= 0:
        raise RecipeError(f"Expected a time budget such as 90s, 150m, 10h or 1h30m, got '{text}'.")
    return seconds


def show_duration(seconds: float) -> str:
    """Return a duration as `parse_duration` reads it, rounded up: "45s", "12m", "3h20m"."""
    if seconds <= 90:
        return f"{max(1, math.ceil(seconds))}s"
    minutes = math.ceil(seconds / 60)
    hours = f"{minutes // 60}h" if minutes >= 60 else ""
    return hours + (f"{minutes % 60}m" if minutes % 60 else "")
