"""Smoothing depends on time, not on frames; emotions change once, not back and forth."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.stream.smoothing import Hysteresis, Smoother

SAD, HAPPY = np.array([1.0, 0.0], np.float32), np.array([0.0, 1.0], np.float32)


def after(times: list[float], *, time_constant: float = 1.0) -> np.ndarray:
    """Return the smoothed value at the last time of a face that was sad at 0 and is happy since."""
    smoother = Smoother(time_constant)
    value = smoother.update(SAD, 0.0)
    for seconds in times:
        value = smoother.update(HAPPY, seconds)
    return value


@pytest.mark.parametrize("fps", [1, 5, 30, 200])
@pytest.mark.parametrize("seconds", [1, 2])
def test_same_after_the_same_time_at_any_frame_rate(fps: int, seconds: int) -> None:
    times = [index / fps for index in range(1, fps * seconds + 1)]
    assert after(times) == pytest.approx([math.exp(-seconds), 1 - math.exp(-seconds)], abs=1e-5)


@given(st.lists(st.floats(0.001, 0.999), max_size=20))
def test_same_with_irregular_frames(times: list[float]) -> None:
    assert after([*sorted(times), 1.0]) == pytest.approx([math.exp(-1), 1 - math.exp(-1)], abs=1e-5)


def test_time_constant_scales_time() -> None:
    assert after([0.5], time_constant=0.5) == pytest.approx(after([2.0], time_constant=2.0))


def test_starts_at_the_first_value_whenever_that_is() -> None:
    assert Smoother(5.0).update(HAPPY, 1234.5).tolist() == [0.0, 1.0]


def test_zero_does_not_smooth() -> None:
    assert after([0.001], time_constant=0.0).tolist() == [0.0, 1.0]


def test_clock_that_steps_back_changes_nothing() -> None:
    smoother = Smoother(1.0)
    smoother.update(SAD, 10.0)
    assert smoother.update(HAPPY, 9.0).tolist() == [1.0, 0.0]


def test_negative_time_constant_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        Smoother(-1.0)


def shares(happy: float) -> np.ndarray:
    return np.array([1 - happy, happy], np.float32)


@pytest.fixture
def hysteresis() -> Hysteresis:
    """Shows "sad" since second 0.5."""
    hysteresis = Hysteresis(["sad", "happy"], lead=0.2, hold_seconds=0.5)
    assert not hysteresis.update(shares(0.1), 0.0)
    assert hysteresis.emotion is None
    assert hysteresis.update(shares(0.1), 0.5)
    assert hysteresis.emotion == "sad"
    return hysteresis


def test_lead_that_is_too_small_never_changes(hysteresis: Hysteresis) -> None:
    assert not any(hysteresis.update(shares(0.59), 1.0 + index) for index in range(10))  # leads by 0.18
    assert hysteresis.emotion == "sad"


def test_lead_must_last(hysteresis: Hysteresis) -> None:
    assert [hysteresis.update(shares(0.7), seconds) for seconds in (1.0, 1.2, 1.4, 1.5, 1.6)] == [
        False,
        False,
        False,
        True,
        False,
    ]
    assert hysteresis.emotion == "happy"


def test_interrupted_lead_starts_anew(hysteresis: Hysteresis) -> None:
    for seconds, happy in [(1.0, 0.7), (1.4, 0.7), (1.45, 0.5), (1.6, 0.7), (2.0, 0.7)]:
        assert not hysteresis.update(shares(happy), seconds)
    assert hysteresis.update(shares(0.7), 2.1)


def test_alternating_faces_do_not_flicker(hysteresis: Hysteresis) -> None:
    changes = [hysteresis.update(shares(0.9 if index % 2 else 0.1), 1 + index / 10) for index in range(100)]
    assert not any(changes)


@pytest.mark.parametrize(("lead", "hold"), [(-0.1, 0.0), (1.0, 0.0), (0.1, -1.0)])
def test_impossible_settings_are_refused(lead: float, hold: float) -> None:
    with pytest.raises(ValueError, match="lead"):
        Hysteresis(["sad", "happy"], lead=lead, hold_seconds=hold)
