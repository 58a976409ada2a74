"""Percentiles, ratios with intervals, McNemar's test: against NumPy, SciPy and made-up drifts."""

import numpy as np
import pytest
from scipy import stats

from fer_edge.benchmarks.statistics import paired_ratio, summarise, unpaired_ratio
from fer_edge.metrics import mcnemar_p_value


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


def test_unpaired_ratio_is_not_and_says_so() -> None:
    value, interval = unpaired_ratio(drifting_rounds(0.8, seed=1), drifting_rounds(1.0, seed=2), seed=0)
    assert value == pytest.approx(0.8, abs=0.02)
    assert interval.high - interval.low > 0.1


def test_intervals_keep_their_promise() -> None:
    """Of 95 % intervals about 95 % hold the truth; 200 draws may miss by some points."""
    hits = {paired_ratio: 0, unpaired_ratio: 0}
    for seed in range(200):
        rng = np.random.default_rng(seed)
        own, other = (rng.normal(1, 0.05, (20, 9)).tolist() for _ in range(2))
        for function in hits:
            _, interval = function(own, other, seed=seed)
            hits[function] += interval.low <= 1 <= interval.high
    assert all(0.88 < count / 200 <= 1 for count in hits.values()), hits


@pytest.mark.parametrize(("lost", "won"), [(0, 0), (1, 0), (5, 5), (3, 12), (40, 25), (2000, 1800), (3500, 0)])
def test_mcnemar_is_scipys_binomial_test(lost: int, won: int) -> None:
    expected = stats.binomtest(lost, lost + won).pvalue if lost + won else 1.0
    assert mcnemar_p_value(lost, won) == pytest.approx(expected)
    assert mcnemar_p_value(won, lost) == mcnemar_p_value(lost, won)
