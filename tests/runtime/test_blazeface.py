"""BlazeFace: its outputs decoded by hand-made examples; the real networks where a package has brought them."""

import math
import os
from pathlib import Path

import numpy as np
import pytest

from fer_edge.errors import ModelError
from fer_edge.runtime import BlazeFaceDetector, Box, load_detector
from fer_edge.runtime.bundled import find_model
from fer_edge.runtime.detectors.blazeface import decode, letterbox, make_anchors, overlaps
from fer_edge.stream.tracker import overlap

NETWORKS = os.environ.get("FER_EDGE_BLAZEFACE", "")
"""A folder with MediaPipe's .tflite files, such as that of npm's @mediapipe/face_detection."""


def outputs(count: int, faces: dict[int, tuple[float, tuple[float, ...]]]) -> tuple[np.ndarray, np.ndarray]:
    """Return values and logits of a network: for each anchor in `faces` a confidence and the first values."""
    values, scores = np.zeros((count, 16), np.float32), np.full(count, -100, np.float32)
    for anchor, (confidence, numbers) in faces.items():
        values[anchor, : len(numbers)] = numbers
        scores[anchor] = math.log(confidence / (1 - confidence))
    return values, scores


def test_anchors_are_the_middles_of_the_cells() -> None:
    short, full = make_anchors(896), make_anchors(2304)
    assert (short.shape, full.shape) == ((896, 2), (2304, 2))
    np.testing.assert_allclose(short[:4] * 16, [[0.5, 0.5], [0.5, 0.5], [1.5, 0.5], [1.5, 0.5]])
    np.testing.assert_allclose(short[32] * 16, [0.5, 1.5])  # the second row
    np.testing.assert_allclose(short[512:519] * 8, [[0.5, 0.5]] * 6 + [[1.5, 0.5]])  # the coarse grid
    np.testing.assert_allclose(full[[0, 1, 48]] * 48, [[0.5, 0.5], [1.5, 0.5], [0.5, 1.5]])


def test_one_face_is_decoded_relative_to_its_anchor() -> None:
    anchor = 2 * (16 * 5 + 3)  # column 3, row 5 of 16: its middle is (28, 44) of 128 pixels
    values, scores = outputs(896, {anchor: (0.9, (2, -4, 40, 50, -8, -6, 9, -6, 1, 3))})
    (find,) = decode(values, scores, make_anchors(896), 128, 0.5)
    assert (find.x, find.y, find.width, find.height) == pytest.approx((10, 15, 40, 50))
    assert find.confidence == pytest.approx(0.9)
    np.testing.assert_allclose(find.points, [[20, 38], [37, 38], [29, 47]], atol=1e-5)
    assert list(decode(values, scores, make_anchors(896), 128, 0.95)) == []


def test_finds_of_one_face_are_averaged_by_confidence_and_others_kept() -> None:
    size = (0.0, 0.0, 40.0, 40.0)
    values, scores = outputs(2304, {48 * 10 + 10: (0.9, size), 48 * 10 + 12: (0.6, size), 48 * 40 + 40: (0.7, size)})
    first, second = decode(values, scores, make_anchors(2304), 192, 0.5)
    assert first.x == pytest.approx((0.9 * 42 + 0.6 * 50) / 1.5 - 20)
    assert first.confidence == pytest.approx(0.9)
    assert second.x == pytest.approx(162 - 20)


def test_impossible_values_are_no_face() -> None:
    odd = {5: (0.9, (0.0, 0.0, -3.0, 10.0)), 7: (0.9, (math.nan, 0.0, 9.0, 9.0)), 9: (0.9, (0.0, math.inf, 9.0, 9.0))}
    values, scores = outputs(896, odd)
    assert list(decode(values, scores, make_anchors(896), 128, 0.5)) == []


def test_overlaps() -> None:
    box, others = np.array([0.0, 0, 10, 10]), np.array([[0.0, 0, 10, 10], [5, 0, 15, 10], [10, 0, 20, 10]])
    np.testing.assert_allclose(overlaps(box, others), [1, 1 / 3, 0])


def test_letterbox_is_rgb_in_minus_one_to_one_and_padded_right_and_below() -> None:
    picture = np.full((50, 100, 3), (0, 255, 51), np.uint8)
    square = letterbox(picture, 20)
    assert (square.shape, square.dtype) == ((20, 20, 3), np.float32)
    np.testing.assert_allclose(square[:10], np.broadcast_to([-0.6, 1, -1], (10, 20, 3)), atol=1e-6)
    assert (square[10:] == -1).all()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "damaged or of another kind"),
        (b"\x1c\0\0\0TFL3", "damaged"),
        (None, "no such file"),
        ("classifier", "is another network"),
    ],
)
def test_unusable_file_is_refused(content: bytes | str | None, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "face.tflite"
    if content == "classifier":
        path.write_bytes(Path(find_model("edge_cnn_s:float16")).read_bytes())
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=reason):
        load_detector(str(path))


@pytest.mark.skipif(not NETWORKS, reason="FER_EDGE_BLAZEFACE names no folder with MediaPipe's networks")
@pytest.mark.parametrize("name", ["short_range", "full_range", "full_range_sparse"])
def test_real_networks_find_the_portrait(name: str, portrait: np.ndarray) -> None:
    detector = load_detector(f"{NETWORKS}/face_detection_{name}.tflite")
    assert isinstance(detector, BlazeFaceDetector)
    (face,) = detector.detect(portrait)
    assert overlap(face, Box(175, 75, 100, 105)) > 0.6
    assert face.landmarks is not None
    assert face.landmarks.right_eye[0] < 225 < face.landmarks.left_eye[0]
    assert face.landmarks.right_mouth is None
    again = detector.detect_near(portrait, face)
    assert again is not None
    assert overlap(again, face) > 0.6
