"""Labels in a picture: readable, in the emotion's colour, and never one upon another."""

import cv2
import numpy as np
import pytest

from fer_edge.colours import EMOTION_COLOURS, to_bgr_colour
from fer_edge.runtime.annotate import Label, _Pen, annotate
from fer_edge.types import LABELS, Box, FaceEmotion, Prediction


def face(x: int, y: int, label: str = "happy", edge: int = 60) -> FaceEmotion:
    return FaceEmotion(Box(x, y, edge, edge), Prediction(label, 0.5, np.eye(7, dtype=np.float32)[LABELS.index(label)]))


def test_every_emotion_has_a_colour_of_its_own() -> None:
    assert set(EMOTION_COLOURS) == set(LABELS)
    assert len(set(EMOTION_COLOURS.values())) == 7
    assert to_bgr_colour("happy") == (0x3C, 0xC8, 0xFF)


@pytest.mark.parametrize("label", LABELS)
def test_box_has_the_colour_of_the_emotion(label: str) -> None:
    drawn = annotate(np.zeros((200, 200, 3), np.uint8), [face(70, 70, label)])
    assert tuple(drawn[130, 100]) == to_bgr_colour(label)


@pytest.mark.parametrize(
    "places",
    [
        [(20, 20), (25, 22), (30, 24), (22, 26)],
        [(20, 100 + 7 * row) for row in range(6)],
        [(x, 0) for x in range(0, 240, 20)],
        [(180, 190), (185, 195), (190, 199)],
    ],
)
def test_labels_never_overlap(places: list[tuple[int, int]]) -> None:
    pen = _Pen(np.zeros((240, 320, 3), np.uint8))
    for x, y in places:
        pen.draw_text(Label(Box(x, y, 60, 60), "surprise 100%", "surprise"))
    taken = np.zeros((240, 320), int)
    for place in pen._taken:
        assert place.x >= 0
        assert place.x + place.width <= 320
        assert place.y >= 0
        assert place.y + place.height <= 240
        taken[place.y : place.y + place.height, place.x : place.x + place.width] += 1
    assert len(pen._taken) == len(places)
    assert taken.max() == 1


def test_no_room_is_no_error() -> None:
    crowd = [face(0, 0, edge=10) for _ in range(50)]
    assert annotate(np.zeros((40, 40, 3), np.uint8), crowd).shape == (40, 40, 3)


def test_picture_smaller_than_its_label() -> None:
    assert cv2.countNonZero(annotate(np.zeros((12, 9), np.uint8), [face(0, 0, edge=9)])[..., 1])
