"""Time calls in turn, in one process.

Whatever slows the machine down then slows all of them, so their ratios hold where single times do not.
`bench` measures far more, each variant in processes of its own; this is for tables of many files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

import numpy as np

from fer_edge.benchmarks.worker import time_calls
from fer_edge.runtime import EmotionClassifier

Name = TypeVar("Name")


def take_turns(
    calls: Mapping[Name, Callable[[], object]], rounds: int, *, samples: int = 3, seconds: float = 0.02
) -> dict[Name, list[float]]:
    """Return the median duration in ms of each call, one for each round.

    Args:
        calls: by name; in every round each has its turn.
        rounds: how many.
        samples: that a turn takes at least, after one call that brings its data into the cache.
        seconds: that a turn lasts at least.
    """
    medians: dict[Name, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            call()
            medians[name].append(_median_ms(call, samples, seconds))
    return medians


def _median_ms(call: Callable[[], object], samples: int, seconds: float) -> float:
    return float(np.median(time_calls(lambda _: call(), samples=samples, seconds=seconds)))


def time_in_turn(files: list[str], rounds: int) -> dict[str, list[float]]:
    """Return for each model file the median time of `predict` of a 48x48 crop in ms, one for each round; one thread."""
    face = np.random.default_rng(0).integers(0, 256, (48, 48, 1), dtype=np.uint8)
    classifiers = {file: EmotionClassifier(file) for file in files}
    return take_turns({file: partial(one.predict, face) for file, one in classifiers.items()}, rounds)
