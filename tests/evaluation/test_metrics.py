"""The metrics agree with scikit-learn, and the intervals behave as intervals must."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as reference

from fer_edge.evaluation.metrics import (
    Interval,
    class_scores,
    confusion_matrix,
    mcnemar_p_value,
    paired_drop,
    reliability,
    wilson_interval,
)

CLASSES = 7
answers = st.integers(1, 60).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, CLASSES - 1), min_size=n, max_size=n)] * 2)
)
outcomes = st.integers(1, 60).flatmap(lambda n: st.tuples(*[st.lists(st.booleans(), min_size=n, max_size=n)] * 2))


@given(answers)
def test_confusion_and_scores_agree_with_scikit_learn(answers: tuple[list[int], list[int]]) -> None:
    labels, predicted = (np.array(values, np.int64) for values in answers)
    matrix = confusion_matrix(labels, predicted, CLASSES)
    np.testing.assert_array_equal(matrix, reference.confusion_matrix(labels, predicted, labels=range(CLASSES)))
    precision, recall, f1, images = reference.precision_recall_fscore_support(
        labels, predicted, labels=range(CLASSES), zero_division=0
    )
    scores = class_scores(matrix)
    np.testing.assert_allclose([score.precision for score in scores], precision)
    np.testing.assert_allclose([score.recall for score in scores], recall)
    np.testing.assert_allclose([score.f1 for score in scores], f1)
    assert [score.images for score in scores] == list(images)


def test_rows_are_true_labels() -> None:
    matrix = confusion_matrix(np.array([2, 2, 2]), np.array([5, 5, 2]), CLASSES)
    assert (matrix[2, 5], matrix[5, 2], matrix[2, 2]) == (2, 0, 1)


# Wilson (1927) as R gives it: binom::binom.confint(x, n, methods = "wilson").
@pytest.mark.parametrize(
    ("hits", "total", "low", "high"), [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0)]
)
def test_wilson_interval_on_known_values(hits: int, total: int, low: float, high: float) -> None:
    interval = wilson_interval(hits, total)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=1e-4)


@given(st.integers(1, 40_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_properties(counts: tuple[int, int]) -> None:
    hits, total = counts
    interval = wilson_interval(hits, total)
    mirrored = wilson_interval(total - hits, total)
    assert 0 <= interval.low <= hits / total <= interval.high <= 1
    assert (interval.low, interval.high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low))
    wider = wilson_interval(hits * 4, total * 4)
    assert wider.high - wider.low < interval.high - interval.low


@given(outcomes)
def test_paired_drop_properties(outcomes: tuple[list[bool], list[bool]]) -> None:
    baseline, candidate = (np.array(values, bool) for values in outcomes)
    drop, interval = paired_drop(baseline, candidate)
    assert drop == pytest.approx(baseline.mean() - candidate.mean())
    assert interval.low < interval.high
    opposite, reversed_interval = paired_drop(candidate, baseline)
    assert opposite == pytest.approx(-drop)
    assert (reversed_interval.low, reversed_interval.high) == pytest.approx((-interval.high, -interval.low))


def test_drop_is_positive_when_the_candidate_is_worse() -> None:
    drop, interval = paired_drop(np.ones(400, bool), np.arange(400) >= 40)
    assert drop == pytest.approx(0.1)
    assert 0 < interval.low < drop < interval.high


def test_paired_interval_on_a_known_table() -> None:
    """Approval of a prime minister by 1,600 people asked twice (Agresti, Categorical Data Analysis, section 10.1.1).

    150 approved only the first time and 86 only the second: 0.04 apart, and 95 % of 0.02 to 0.06.
    """
    cells = np.repeat(np.arange(4), [794, 150, 86, 570])  # approved twice, first, second, never
    drop, interval = paired_drop(cells < 2, cells % 2 == 0)
    # Their intervals, with 0.5 more in each of the four cells: 64 / 1602 +- 1.96 * sqrt(237 - 64 ** 2 / 1602) / 1602.
    assert (drop, interval.low, interval.high) == pytest.approx((0.04, 0.0212172, 0.0586829), abs=2e-6)


@pytest.mark.parametrize(("lost", "won"), [(0.1, 0.1), (0.3, 0.1)])
def test_paired_interval_holds_the_truth_95_times_in_100(lost: float, won: float) -> None:
    """Summed over every table that 40 images can give, each as likely as the multinomial makes it."""
    total, coverage = 40, 0.0
    for b in range(total + 1):
        for c in range(total + 1 - b):
            probability = stats.multinomial.pmf([b, c, total - b - c], total, [lost, won, 1 - lost - won])
            if probability > 1e-7:
                cells = np.arange(total)
                _, interval = paired_drop(cells >= c, (cells < c) | (cells >= c + b))
                coverage += probability * (interval.low <= lost - won <= interval.high)
    assert 0.94 < coverage < 0.98


def test_no_difference_still_has_a_width() -> None:
    same = np.arange(100) % 2 == 0
    drop, interval = paired_drop(same, same)
    assert drop == 0
    assert interval.low < 0 < interval.high


@pytest.mark.parametrize(("lost", "won"), [(0, 0), (1, 0), (1, 1), (5, 5), (3, 12), (40, 25), (2000, 1800), (3500, 0)])
def test_mcnemar_is_scipys_binomial_test(lost: int, won: int) -> None:
    expected = stats.binomtest(lost, lost + won).pvalue if lost + won else 1.0
    assert mcnemar_p_value(lost, won) == pytest.approx(expected)
    assert mcnemar_p_value(won, lost) == mcnemar_p_value(lost, won)


def test_reliability_by_hand() -> None:
    """Four bins of 0.25. A score of 1 belongs to the last bin, and one on the border to the upper of two."""
    scores = np.array([0.1, 0.2, 0.5, 0.6, 0.9, 1.0, 1.0])
    correct = np.array([True, False, True, False, True, True, False])
    found = reliability(scores, correct, bins=4)
    assert found.images == [2, 2, 3]  # none from 0.25 to 0.5
    assert found.confidence == pytest.approx([0.15, 0.55, 2.9 / 3])
    assert found.accuracy == pytest.approx([1 / 2, 1 / 2, 2 / 3])
    assert found.error == pytest.approx((2 * 0.35 + 2 * 0.05 + 3 * 0.3) / 7)


def test_reliability_has_fifteen_bins_and_takes_float32() -> None:
    """Two scores in each bin, near its ends: with one bin more or less some would part."""
    scores = ((np.arange(15)[:, np.newaxis] + [0.02, 0.98]) / 15).ravel().astype(np.float32)
    found = reliability(scores, np.ones(30, bool))
    assert found.images == [2] * 15
    assert found.confidence == pytest.approx([(index + 0.5) / 15 for index in range(15)])
    assert found.error == pytest.approx(0.5)
    assert reliability(scores, scores > 0.5, bins=1).images == [30]


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_one_bin_or_more_keep_the_means(answers: list[tuple[float, bool]]) -> None:
    scores, correct = (np.array(values) for values in zip(*answers, strict=True))
    found = reliability(scores, correct)
    assert sum(found.images) == len(answers)
    assert np.average(found.confidence, weights=found.images) == pytest.approx(scores.mean())
    assert np.average(found.accuracy, weights=found.images) == pytest.approx(correct.mean())
    assert abs(scores.mean() - correct.mean()) - 1e-9 <= found.error <= 1


def test_an_interval_in_words() -> None:
    assert Interval(0.012, 0.034).text(times=100) == "1.20 to 3.40"
    assert Interval(-1.0, 2.0).text("+.1f") == "-1.0 to +2.0"
