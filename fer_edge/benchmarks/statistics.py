"""Latency samples in figures: percentiles, and ratios with an interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fer_edge.benchmarks.results import Summary
from fer_edge.evaluation.metrics import Interval

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


def process_medians(rounds_ms: Rounds, processes: int) -> list[float]:
    """Return the median of the medians of each process's rounds; all have an equal share."""
    medians = round_medians(rounds_ms)
    return [float(np.median(share)) for share in np.array_split(medians, min(processes, len(medians)))]


def unpaired_ratio(candidate: Sequence[float], baseline: Sequence[float]) -> tuple[float, Interval]:
    """Return candidate over baseline, and its 95 % interval, from one figure for each process.

    What two runs have in common is nothing but the program, and the processes of a run differ by more than
    the rounds of a process. So processes are what is counted: the ratio is that of the geometric means, the
    interval Welch's (1947) for the difference of the mean logarithms.

    Args:
        candidate: figures above 0, at least two.
        baseline: the same.
    """
    sides = [np.log(np.asarray(side, np.float64)) for side in (candidate, baseline)]
    difference = float(sides[0].mean() - sides[1].mean())
    parts = [float(side.var(ddof=1)) / len(side) for side in sides]
    variance = sum(parts)
    reach = 0.0
    if variance > 0:
        freedom = variance**2 / sum(part**2 / (len(side) - 1) for part, side in zip(parts, sides, strict=True))
        reach = _t_quantile(freedom) * float(np.sqrt(variance))
    low, value, high = (float(np.exp(difference + step)) for step in (-reach, 0.0, reach))
    return value, Interval(low, high)


def _t_quantile(freedom: float) -> float:
    """Return the 97.5th percentile of Student's t, for the next lower degree of freedom in the table."""
    return _T_975[min(max(int(freedom), 1), len(_T_975)) - 1]


# NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2: 1 to 30 degrees of freedom.
_T_975 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)


def _interval(values: npt.NDArray[np.float64]) -> Interval:
    low, high = (float(value) for value in np.percentile(values, (2.5, 97.5)))
    return Interval(low, high)
