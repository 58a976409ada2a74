"""Percentiles, ratios with intervals, McNemar's test: against NumPy, SciPy and made-up drifts."""

import numpy as np
import pytest
from scipy import stats

from fer_edge.benchmarks.statistics import paired_ratio, process_medians, summarise, unpaired_ratio
from fer_edge.evaluation.metrics import Interval


def test_summary() -> None:
    found = summarise([[float(value) for value in range(51)], [float(value) for value in range(51, 101)]])
    assert (found.min, found.mean, found.p50, found.p90, found.p95, found.p99) == (0, 50, 50, 90, 95, 99)
    assert found.std == pytest.approx(np.std(range(101), ddof=1))
    assert summarise([[2.0]]).std == 0


def drifting_rounds(factor: float, *, seed: int, rounds: int = 20) -> list[list[float]]:
    """Rounds of a machine that becomes half as fast meanwhile."""
    rng = np.random.default_rng(seed)
    return [(factor * (1 + index / rounds) * rng.normal(1, 0.02, 50)).tolist() for index in range(rounds)]


def test_paired_ratio_is_blind_to_drift() -> None:
    value, interval = paired_ratio(drifting_rounds(0.8, seed=1), drifting_rounds(1.0, seed=2), seed=0)
    assert value == pytest.approx(0.8, abs=0.01)
    assert interval.low < value < interval.high
    assert interval.high - interval.low < 0.02
    assert paired_ratio(drifting_rounds(0.8, seed=1), drifting_rounds(1.0, seed=2), seed=0) == (value, interval)


@pytest.mark.parametrize(("own", "other"), [(2, 2), (4, 4), (4, 10), (40, 40)])
def test_unpaired_ratio_is_scipys_welch(own: int, other: int) -> None:
    rng = np.random.default_rng(own)
    sides = [rng.normal(mean, 0.1, count) for mean, count in ((2.0, own), (1.0, other))]
    value, interval = unpaired_ratio(*(side.tolist() for side in sides))
    scipys = stats.ttest_ind(np.log(sides[0]), np.log(sides[1]), equal_var=False)
    low, high = np.exp(scipys.confidence_interval(0.95))
    assert value == pytest.approx(np.exp(np.log(sides[0]).mean() - np.log(sides[1]).mean()))
    # The table knows whole degrees of freedom up to 30; the next lower one gives the wider interval.
    assert interval.low <= low * 1.0001
    assert interval.high >= high * 0.9999
    if own > 2:
        assert (interval.high - interval.low) / (high - low) == pytest.approx(1, abs=0.12)


def test_equal_figures_give_no_interval_but_a_point() -> None:
    value, interval = unpaired_ratio([2.0, 2.0], [1.0, 1.0])
    assert (value, interval.low, interval.high) == pytest.approx((2, 2, 2))
    assert unpaired_ratio([3.0, 3.0], [3.0, 3.0]) == (1.0, Interval(1.0, 1.0))


def test_median_of_each_process() -> None:
    assert process_medians([[1.0], [3.0], [10.0], [20.0, 22.0, 30.0]], 2) == [2.0, 16.0]
    assert process_medians([[1.0], [3.0]], 1) == [2.0]
    assert process_medians([[1.0]], 4) == [1.0]


def process_rounds(rng: np.random.Generator) -> list[list[float]]:
    """Four processes, each slower or faster for all its life by about 3 %, of five rounds."""
    return [(level * rng.normal(1, 0.005, 9)).tolist() for level in rng.normal(1, 0.03, 4) for _ in range(5)]


def test_intervals_keep_their_promise() -> None:
    """Of 95 % intervals about 95 % hold the truth; 200 draws may miss by some points."""
    paired = unpaired = naive = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        own, other = (rng.normal(1, 0.05, (20, 9)).tolist() for _ in range(2))
        interval = paired_ratio(own, other, seed=seed)[1]
        paired += interval.low <= 1 <= interval.high
        own, other = process_rounds(rng), process_rounds(rng)
        interval = unpaired_ratio(process_medians(own, 4), process_medians(other, 4))[1]
        unpaired += interval.low <= 1 <= interval.high
        interval = unpaired_ratio(process_medians(own, 20), process_medians(other, 20))[1]
        naive += interval.low <= 1 <= interval.high
    assert 0.88 < paired / 200 <= 1
    assert 0.92 < unpaired / 200 <= 1
    assert naive / 200 < 0.75, "rounds of one process are no independent figures"
