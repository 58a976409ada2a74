"""A stream looks for a face where it was, and everywhere when it has to."""

import numpy as np
import pytest
from streams import portrait_frames

from fer_edge.runtime import Box, YuNetDetector, load_detector
from fer_edge.stream.search import FaceSearch
from fer_edge.stream.tracker import overlap

FRAME = np.zeros((100, 200, 3), np.uint8)
LEFT, RIGHT = Box(0, 0, 40, 40), Box(100, 0, 50, 50)


class Scripted:
    """Has faces in places that a test moves; counts its searches."""

    def __init__(self, *faces: Box) -> None:
        self.faces = list(faces)
        self.full = self.near = 0

    def detect(self, picture: np.ndarray) -> list[Box]:
        self.full += 1
        return sorted(self.faces, key=lambda box: -box.width)

    def detect_near(self, picture: np.ndarray, last: Box) -> Box | None:
        self.near += 1
        return max(
            (face for face in self.faces if overlap(face, last) > 0.2), key=lambda f: overlap(f, last), default=None
        )


def test_whole_frame_twice_a_second_and_in_between_where_the_faces_were() -> None:
    detector = Scripted(LEFT, RIGHT)
    search = FaceSearch(detector, full_every_seconds=0.5)
    for index in range(31):
        assert search.find(FRAME, index / 30) == [RIGHT, LEFT]
    assert detector.full == 3
    assert detector.near == 2 * 28


def test_new_face_is_seen_within_the_stated_delay() -> None:
    detector = Scripted(LEFT)
    search = FaceSearch(detector, full_every_seconds=0.5)
    search.find(FRAME, 0.0)
    detector.faces.append(RIGHT)
    seen = next(index / 10 for index in range(1, 30) if len(search.find(FRAME, index / 10)) == 2)
    assert seen == pytest.approx(0.5)


def test_without_a_face_every_frame_is_searched() -> None:
    detector = Scripted()
    search = FaceSearch(detector)
    for index in range(5):
        assert search.find(FRAME, index / 30) == []
    assert (detector.full, detector.near) == (5, 0)
    detector.faces = [LEFT]
    assert search.find(FRAME, 0.2) == [LEFT]


def test_lost_face_is_looked_for_everywhere_at_once_and_for_a_while() -> None:
    detector = Scripted(LEFT, RIGHT)
    search = FaceSearch(detector, full_every_seconds=10, patience_seconds=0.3)
    search.find(FRAME, 0.0)
    detector.faces = [LEFT]
    assert search.find(FRAME, 0.1) == [LEFT]
    assert detector.full == 2
    for index in range(2, 10):
        search.find(FRAME, index / 10)
    assert detector.full == 4  # at 0.2 and 0.3, then patience is over
    detector.faces = [Box(150, 40, 40, 40)]  # a jump
    assert search.find(FRAME, 1.0) == detector.faces


def test_two_faces_that_became_one_are_not_counted_twice() -> None:
    detector = Scripted(LEFT, Box(30, 0, 40, 40))
    search = FaceSearch(detector)
    search.find(FRAME, 0.0)
    detector.faces = [Box(15, 0, 40, 40)]
    assert search.find(FRAME, 0.1) == detector.faces


def test_another_size_of_frame_or_a_clock_that_goes_back_means_a_whole_search() -> None:
    detector = Scripted(LEFT)
    search = FaceSearch(detector)
    search.find(FRAME, 5.0)
    search.find(FRAME[:50], 5.1)
    search.find(FRAME[:50], 1.0)
    assert (detector.full, detector.near) == (3, 0)


def test_detector_that_cannot_look_near_searches_every_frame() -> None:
    class Plain:
        full = 0

        def detect(self, picture: np.ndarray) -> list[Box]:
            self.full += 1
            return [LEFT]

    detector = Plain()
    search = FaceSearch(detector)
    for index in range(5):
        search.find(FRAME, index / 30)
    assert detector.full == 5


def test_many_faces_are_searched_for_together() -> None:
    """Near each of them it would take longer than everywhere."""
    detector = Scripted(LEFT, RIGHT)
    detector.near_pays = lambda picture, faces: faces < 2
    search = FaceSearch(detector)
    for index in range(5):
        search.find(FRAME, index / 30)
    assert (detector.full, detector.near) == (5, 0)
    yunet, haar = load_detector("yunet", stream=True), load_detector("haar", stream=True)
    frame = np.zeros((480, 640, 3), np.uint8)
    assert [yunet.near_pays(frame, faces) for faces in (1, 2, 3)] == [True, True, False]
    assert [haar.near_pays(frame, faces) for faces in (1, 9, 10)] == [True, True, False]


@pytest.mark.parametrize("name", ["yunet", "haar"])
def test_real_face_is_followed_like_by_whole_searches(name: str, portrait: np.ndarray) -> None:
    detector = load_detector(name, stream=True)
    search = FaceSearch(detector, full_every_seconds=1e9)
    frames = list(portrait_frames(portrait, 12))
    for index, frame in enumerate(frames):
        (found,) = search.find(frame, index / 30)
        assert max(overlap(found, whole) for whole in detector.detect(frame)) > 0.6


@pytest.mark.parametrize(("every", "patience"), [(-1, 0), (0, -1)])
def test_impossible_settings_are_refused(every: float, patience: float) -> None:
    with pytest.raises(ValueError, match="at least 0"):
        FaceSearch(YuNetDetector(), full_every_seconds=every, patience_seconds=patience)
