"""Classification metrics in NumPy alone, since the device measures them too.

scikit-learn checks them in the tests; docs/decisions/0003 says why it is not used here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Z95 = 1.959963984540054
"""Half-width of a 95 % interval in standard deviations of a normal distribution."""


@dataclass(frozen=True)
class Interval:
    """A 95 % confidence interval."""

    low: float
    high: float

    def text(self, form: str = ".2f", *, times: float = 1) -> str:
        """Return "low to high", each times `times` (100 for per cent and points) and in the format `form`."""
        return f"{times * self.low:{form}} to {times * self.high:{form}}"


@dataclass(frozen=True)
class ClassScore:
    """How one class fares; fractions 0..1, and 0 where a ratio has no denominator."""

    precision: float
    recall: float
    f1: float
    images: int


def confusion_matrix(
    labels: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], classes: int
) -> npt.NDArray[np.int64]:
    """Return counts, classes x classes: row = true label, column = predicted label."""
    matrix = np.zeros((classes, classes), np.int64)
    np.add.at(matrix, (labels, predicted), 1)
    return matrix


def class_scores(matrix: npt.NDArray[np.int64]) -> list[ClassScore]:
    """Return precision, recall and F1 of each class of a confusion matrix."""
    hits = matrix.diagonal().astype(float)
    precision = _ratio(hits, matrix.sum(axis=0))
    recall = _ratio(hits, matrix.sum(axis=1))
    f1 = _ratio(2 * hits, matrix.sum(axis=0) + matrix.sum(axis=1))
    images = matrix.sum(axis=1)
    return [
        ClassScore(float(p), float(r), float(f), int(n))
        for p, r, f, n in zip(precision, recall, f1, images, strict=True)
    ]


def wilson_interval(hits: int, total: int) -> Interval:
    """Return the Wilson score interval of a proportion (Wilson 1927), which holds near 0 and 1 too."""
    share, z2 = hits / total, Z95**2
    centre = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = Z95 / (1 + z2 / total) * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    # At the ends the bounds are exactly 0 and 1; floating point may miss them by an ulp.
    return Interval(centre - half if hits else 0.0, centre + half if hits < total else 1.0)


def paired_drop(baseline: npt.NDArray[np.bool_], candidate: npt.NDArray[np.bool_]) -> tuple[float, Interval]:
    """Return (baseline accuracy minus candidate accuracy, its interval) on the same images.

    The interval is Wald's for matched pairs with 0.5 added to each cell of the two-by-two table
    (Agresti and Min, Statistics in Medicine 24, 2005): it keeps its coverage when few answers, or
    none, differ.
    """
    total = len(baseline)
    lost = int((baseline & ~candidate).sum())
    won = int((~baseline & candidate).sum())
    n, b, c = total + 2.0, lost + 0.5, won + 0.5
    centre = (b - c) / n
    half = Z95 * math.sqrt(b + c - (b - c) ** 2 / n) / n
    return (lost - won) / total, Interval(centre - half, centre + half)


def mcnemar_p_value(lost: int, won: int) -> float:
    """Return the two-sided p-value of McNemar's exact test (McNemar 1947; binomial, not chi-squared).

    Args:
        lost: images that only the baseline has right.
        won: images that only the candidate has right. Were neither better, each of these images would
            fall to either side like a fair coin. The exact test holds for few of them too, as between
            two files of one network.
    """
    total, fewer = lost + won, min(lost, won)
    tail = sum(math.comb(total, count) for count in range(fewer + 1))
    return min(1.0, float(2 * tail / (1 << total)))


@dataclass(frozen=True)
class Reliability:
    """How far scores can be taken at their word: scores in bins, and how often each bin was right.

    Attributes:
        confidence: mean score per bin, 0..1; bins without a prediction are left out.
        accuracy: share of right answers per bin.
        images: predictions per bin.
        error: the mean gap weighted by `images`; the field calls it expected calibration error (ECE).
    """

    confidence: list[float]
    accuracy: list[float]
    images: list[int]
    error: float


def reliability(
    scores: npt.NDArray[np.floating[Any]], correct: npt.NDArray[np.bool_], *, bins: int = 15
) -> Reliability:
    """Return the reliability of top-1 scores in bins of equal width (Guo et al. 2017, arXiv:1706.04599)."""
    index = np.minimum((scores * bins).astype(int), bins - 1)
    images = np.bincount(index, minlength=bins)
    used = images > 0
    confidence = np.bincount(index, weights=scores, minlength=bins)[used] / images[used]
    accuracy = np.bincount(index, weights=correct, minlength=bins)[used] / images[used]
    error = float((np.abs(confidence - accuracy) * images[used]).sum() / len(scores))
    return Reliability(confidence.tolist(), accuracy.tolist(), images[used].tolist(), error)


def _ratio(numerator: npt.NDArray[np.float64], denominator: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    result: npt.NDArray[np.float64] = np.divide(
        numerator, denominator, out=np.zeros(len(numerator)), where=denominator > 0
    )
    return result
