"""Latency samples in figures: percentiles, and ratios with an interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fer_edge.benchmarks.results import Summary
from fer_edge.metrics import Interval

RESAMPLES = 2000

Rounds = Sequence[Sequence[float]]


def summarise(rounds_ms: Rounds) -> Summary:
    """Return the figures of all rounds together, in ms."""
    samples = np.concatenate([np.asarray(samples, float) for samples in rounds_ms])
    p50, p90, p95, p99 = (float(value) for value in np.percentile(samples, (50, 90, 95, 99)))
    deviation = float(samples.std(ddof=1)) if len(samples) > 1 else 0.0
    return Summary(float(samples.min()), float(samples.mean()), deviation, p50, p90, p95, p99)


def round_medians(rounds_ms: Rounds) -> npt.NDArray[np.float64]:
    """Return the median of each round."""
    return np.array([np.median(samples) for samples in rounds_ms], dtype=np.float64)


def paired_ratio(candidate: Rounds, baseline: Rounds, *, seed: int) -> tuple[float, Interval]:
    """Return time of candidate over time of baseline, measured in the same rounds, and its 95 % interval.

    The ratio is the median of the rounds' ratios of medians: a drift of the machine's speed hits both
    sides of a round alike. The interval is the percentile bootstrap over the rounds (Efron 1979), since
    samples within a round depend on each other and rounds hardly do.
    """
    ratios = round_medians(candidate) / round_medians(baseline)
    drawn = np.random.default_rng(seed).integers(0, len(ratios), (RESAMPLES, len(ratios)))
    return float(np.median(ratios)), _interval(np.median(ratios[drawn], axis=1))


def unpaired_ratio(candidate: Rounds, baseline: Rounds, *, seed: int) -> tuple[float, Interval]:
    """Return the same for two runs whose rounds have nothing to do with each other.

    The ratio is that of the medians of the rounds' medians; each side is resampled by itself.
    """
    rng = np.random.default_rng(seed)
    sides = [round_medians(rounds) for rounds in (candidate, baseline)]
    drawn = [np.median(side[rng.integers(0, len(side), (RESAMPLES, len(side)))], axis=1) for side in sides]
    return float(np.median(sides[0]) / np.median(sides[1])), _interval(drawn[0] / drawn[1])


def _interval(values: npt.NDArray[np.float64]) -> Interval:
    low, high = (float(value) for value in np.percentile(values, (2.5, 97.5)))
    return Interval(low, high)
