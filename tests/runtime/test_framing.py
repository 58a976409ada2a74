"""What the classifier sees of a face: framed as the detector needs, and upright."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.runtime import Box, FaceAnalyzer, Framing, Landmarks, Prediction
from fer_edge.runtime.framing import LEAST_ROLL_DEGREES, cut_face, face_square
from fer_edge.runtime.preprocess import to_face, to_grey


def leaning(box: Box, roll_degrees: float) -> Box:
    """Return a box whose eyes lie on a line that falls to the right by so many degrees."""
    x, y, angle = box.x + box.width / 2, box.y + box.height / 2, math.radians(roll_degrees)
    across = (box.width / 4 * math.cos(angle), box.width / 4 * math.sin(angle))
    eyes = ((x - across[0], y - across[1]), (x + across[0], y + across[1]))
    return Box(box.x, box.y, box.width, box.height, landmarks=Landmarks(*eyes, (x, y)))


@pytest.mark.parametrize("roll", [-30.0, -16.0, 20.0, 45.0])
@pytest.mark.parametrize("scale", [1, 3])
def test_leaning_face_is_turned_upright(portrait: np.ndarray, roll: float, scale: int) -> None:
    """The crop of a turned picture is that of the picture itself, but for what interpolation blurs."""
    centre, edge = (225 * scale, 120 * scale), 100 * scale
    picture = cv2.resize(to_grey(portrait), None, fx=scale, fy=scale)
    turned = cv2.warpAffine(picture, cv2.getRotationMatrix2D(centre, -roll, 1.0), picture.shape[::-1])
    box = Box(centre[0] - edge // 2, centre[1] - edge // 2, edge, edge)
    wanted = to_face(cut_face(picture, box, Framing())).astype(float)
    upright = to_face(cut_face(turned, leaning(box, roll), Framing())).astype(float)
    straight = to_face(cut_face(turned, box, Framing())).astype(float)
    assert np.abs(upright - wanted).mean() < 4
    assert np.abs(upright - wanted).mean() < 0.5 * np.abs(straight - wanted).mean()


@pytest.mark.parametrize("roll", [0.0, LEAST_ROLL_DEGREES - 0.1, -90.0, 180.0])
def test_upright_and_overturned_faces_are_cut_straight(portrait: np.ndarray, roll: float) -> None:
    box = Box(180, 60, 100, 120)
    crop = cut_face(portrait, leaning(box, roll), Framing())
    np.testing.assert_array_equal(crop, portrait[60:180, 170:290])
    assert np.shares_memory(crop, portrait)


def test_turned_crop_beyond_the_border_goes_on_with_its_edge() -> None:
    picture = np.full((60, 60, 3), 200, np.uint8)
    crop = cut_face(picture, leaning(Box(0, 0, 60, 60), 40), Framing())
    assert (crop.shape, int(crop.min()), int(crop.max())) == ((60, 60), 200, 200)


@given(
    height=st.integers(1, 300), width=st.integers(1, 300), x=st.integers(-100, 290), y=st.integers(-100, 290),
    edge=st.integers(101, 900), roll=st.floats(-180, 180),
)  # fmt: skip
def test_any_leaning_box_gives_a_square(height: int, width: int, x: int, y: int, edge: int, roll: float) -> None:
    box = leaning(Box(min(x, width - 1), min(y, height - 1), edge, edge), roll)
    crop = cut_face(np.zeros((height, width), np.uint8), box, Framing())
    assert crop.shape[0] == crop.shape[1] >= 1
    assert crop.dtype == np.uint8


def test_framing_moves_and_widens_the_square() -> None:
    box = Box(50, 40, 40, 60)
    assert face_square(box, Framing(0.1), 150, 200) == Box(34, 34, 72, 72)
    assert face_square(box, Framing(0.0, down=-0.1), 150, 200) == Box(40, 34, 60, 60)


class FramedDetector:
    framing = Framing(margin=-0.1)

    def detect(self, picture: np.ndarray) -> list[Box]:
        return [Box(50, 40, 60, 60)]


class CropClassifier:
    def __init__(self) -> None:
        self.crops: list[np.ndarray] = []

    def predict(self, face: np.ndarray) -> Prediction:
        self.crops.append(face)
        return Prediction("happy", 1.0, np.zeros(7, np.float32))


def test_analyzer_cuts_as_its_detector_frames() -> None:
    picture = np.arange(150 * 200, dtype=np.uint32).astype(np.uint8).reshape(150, 200)
    classifier = CropClassifier()
    FaceAnalyzer(classifier, FramedDetector()).analyze(picture)
    FaceAnalyzer(classifier, FramedDetector()).analyze(picture, [Box(50, 40, 60, 60)])
    FaceAnalyzer(classifier, FramedDetector(), margin=0.0).analyze(picture)
    FaceAnalyzer(classifier).analyze(picture, [Box(50, 40, 60, 60)])
    expected = [picture[46:94, 56:104]] * 2 + [picture[40:100, 50:110]] * 2
    for crop, wanted in zip(classifier.crops, expected, strict=True):
        np.testing.assert_array_equal(crop, wanted)


@pytest.mark.parametrize("down", [math.nan, math.inf])
def test_impossible_framing_is_refused(down: float) -> None:
    with pytest.raises(ValueError, match="down"):
        Framing(0.0, down)


def test_landmarks_tell_roll_and_turn() -> None:
    upright = Landmarks((10.0, 50.0), (50.0, 50.0), (30.0, 70.0))
    assert (upright.roll_degrees, upright.turn) == (0.0, 0.0)
    assert Landmarks((10.0, 50.0), (50.0, 90.0), (30.0, 80.0)).roll_degrees == pytest.approx(45)
    assert Landmarks((10.0, 50.0), (50.0, 50.0), (50.0, 70.0)).turn == pytest.approx(0.5)
    assert Landmarks((10.0, 50.0), (50.0, 50.0), (5.0, 70.0)).turn == pytest.approx(-0.625)
    assert Landmarks((10.0, 50.0), (10.0, 50.0), (5.0, 70.0)).turn == 0.0
