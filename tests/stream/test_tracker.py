"""Each face keeps its id."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.stream.tracker import FaceTracker, overlap
from fer_edge.types import Box


def box(x: int, y: int = 0, size: int = 100) -> Box:
    return Box(x, y, size, size)


def test_moving_face_keeps_its_id() -> None:
    tracker = FaceTracker()
    assert [tracker.update([box(20 * index, 5 * index)], index / 10) for index in range(20)] == [[1]] * 20


def test_ids_follow_faces_and_not_their_order() -> None:
    tracker = FaceTracker()
    assert tracker.update([box(0), box(300)], 0.0) == [1, 2]
    assert tracker.update([box(305), box(5)], 0.1) == [2, 1]
    assert tracker.update([box(600), box(10), box(310)], 0.2) == [3, 1, 2]


def test_best_overlap_wins() -> None:
    tracker = FaceTracker()
    tracker.update([box(0), box(60)], 0.0)
    assert tracker.update([box(50), box(10)], 0.1) == [2, 1]


def test_gap_within_the_expiry_keeps_the_id() -> None:
    tracker = FaceTracker(expiry_seconds=1.0)
    tracker.update([box(0)], 0.0)
    assert tracker.update([], 0.5) == []
    assert tracker.update([box(10)], 1.0) == [1]


def test_longer_gap_gives_a_new_id() -> None:
    tracker = FaceTracker(expiry_seconds=1.0)
    tracker.update([box(0)], 0.0)
    tracker.update([], 0.5)
    assert tracker.update([box(0)], 1.1) == [2]
    assert tracker.ids == {2}


def test_face_that_walks_in_front_of_another() -> None:
    """While they overlap only the one in front is found; it even stands exactly on the hidden one."""
    tracker = FaceTracker(expiry_seconds=2.0)
    ids = {}
    for step, x in enumerate(range(0, 420, 20)):
        hidden = abs(x - 200) < 100
        boxes = [box(x)] if hidden else [box(x), box(200)]
        ids[x] = tracker.update(boxes, step / 10)
    assert ids[0] == [1, 2]
    assert ids[200] == [1]
    assert ids[400] == [1, 2]


def test_jump_is_a_new_face() -> None:
    tracker = FaceTracker()
    tracker.update([box(0)], 0.0)
    assert tracker.update([box(90)], 0.1) == [2]


def test_ids_are_never_used_again() -> None:
    tracker = FaceTracker(expiry_seconds=0.5)
    assert [tracker.update([box(0)], float(second)) for second in range(5)] == [[1], [2], [3], [4], [5]]
    tracker.update([], 10.0)
    assert tracker.ids == set()


boxes = st.builds(Box, st.integers(0, 200), st.integers(0, 200), st.integers(1, 100), st.integers(1, 100))


@given(st.lists(st.lists(boxes, max_size=5), max_size=10))
def test_every_box_has_an_id_of_its_own(frames: list[list[Box]]) -> None:
    tracker = FaceTracker()
    for index, frame in enumerate(frames):
        ids = tracker.update(frame, index / 10)
        assert len(ids) == len(set(ids)) == len(frame)
        assert set(ids) <= tracker.ids


@pytest.mark.parametrize(
    ("other", "expected"),
    [(box(0), 1.0), (box(100), 0.0), (box(0, 100), 0.0), (box(50), 1 / 3), (box(25, 25, 50), 0.25)],
)
def test_overlap(other: Box, expected: float) -> None:
    assert overlap(box(0), other) == pytest.approx(expected)
    assert overlap(other, box(0)) == pytest.approx(expected)


@pytest.mark.parametrize(("expiry", "least"), [(-1.0, 0.3), (1.0, 0.0), (1.0, 1.1)])
def test_impossible_settings_are_refused(expiry: float, least: float) -> None:
    with pytest.raises(ValueError, match="expiry_seconds"):
        FaceTracker(expiry_seconds=expiry, min_overlap=least)


@pytest.mark.parametrize("fps", [10, 30])
def test_faces_that_cross_keep_their_ids(fps: int) -> None:
    """The one behind is not found while the other covers it."""
    tracker = FaceTracker()
    ids = {}
    for index in range(4 * fps):
        seconds = index / fps
        left, right = box(round(100 * seconds)), box(round(400 - 100 * seconds), 15)
        hidden = overlap(left, right) > 0.15
        ids[index] = tracker.update([left] if hidden else [left, right], seconds)
    assert ids[0] == ids[4 * fps - 1] == [1, 2]
    assert {tuple(seen) for seen in ids.values()} == {(1, 2), (1,)}


def test_velocity_is_forgotten_with_the_face() -> None:
    tracker = FaceTracker(expiry_seconds=1.0)
    for index in range(10):
        tracker.update([box(40 * index)], index / 10)
    tracker.update([], 1.5)
    assert tracker.update([box(360 + 200)], 1.4) == [1]  # half a second on, where it had to come out
    assert tracker.update([box(0)], 3.0) == [2]
