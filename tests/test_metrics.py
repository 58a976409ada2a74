"""The metrics agree with scikit-learn, and the intervals behave as intervals must."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from fer_edge.metrics import class_scores, confusion_matrix, paired_drop, wilson_interval

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


def test_no_difference_still_has_a_width() -> None:
    same = np.arange(100) % 2 == 0
    drop, interval = paired_drop(same, same)
    assert drop == 0
    assert interval.low < 0 < interval.high
