"""Time models in turn, in one process.

Whatever slows the machine down then slows all of them, so their ratios hold where single times do not.
`bench` measures far more, each variant in a process of its own; this is for tables of many files.
"""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

from fer_edge.runtime import EmotionClassifier

TURN_SECONDS = 0.02
"""A turn lasts so long at least, and `TURN_RUNS` runs, after one run that brings the weights into the cache."""
TURN_RUNS = 3


def time_in_turn(files: list[str], rounds: int) -> dict[str, list[float]]:
    """Return for each file the median time of `predict` of a 48x48 crop in ms, one per round; one thread."""
    classifiers = {file: EmotionClassifier(file) for file in files}
    face = np.random.default_rng(0).integers(0, 256, (48, 48, 1), dtype=np.uint8)
    medians: dict[str, list[float]] = {file: [] for file in files}
    for _ in range(rounds):
        for file, classifier in classifiers.items():
            medians[file].append(_take_turn(classifier, face))
    return medians


def _take_turn(classifier: EmotionClassifier, face: npt.NDArray[np.uint8]) -> float:
    """Return the median of a few runs in ms."""
    classifier.predict(face)
    samples: list[float] = []
    until = time.perf_counter() + TURN_SECONDS
    while len(samples) < TURN_RUNS or time.perf_counter() < until:
        start = time.perf_counter_ns()
        classifier.predict(face)
        samples.append((time.perf_counter_ns() - start) / 1e6)
    return float(np.median(samples))
