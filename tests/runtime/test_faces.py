"""Faces in pictures."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fer_edge.errors import ImageError
from fer_edge.runtime import (
    Box,
    EmotionClassifier,
    FaceAnalyzer,
    FaceEmotion,
    Framing,
    HaarDetector,
    Prediction,
    TrackedFace,
    WholePicture,
)
from fer_edge.runtime.annotate import annotate
from fer_edge.runtime.framing import face_square
from fer_edge.runtime.preprocess import to_bgr, to_grey
from fer_edge.stream.overlay import annotate_tracked


@pytest.fixture
def analyzer(model_files):
    with EmotionClassifier(model_files["int8"]) as classifier:
        yield FaceAnalyzer(classifier)


def covers(box: Box, x: int, y: int) -> bool:
    return box.x <= x < box.x + box.width and box.y <= y < box.y + box.height


def test_finds_the_face_of_the_portrait(portrait: np.ndarray) -> None:
    (box,) = [box for box in HaarDetector().detect(to_grey(portrait)) if covers(box, 222, 115)]  # the nose
    assert 70 <= box.width <= 160


@pytest.mark.parametrize("shape", [(400, 300), (48, 48), (1, 1), (10, 300)])
def test_blank_picture_has_no_face(shape: tuple[int, int]) -> None:
    assert HaarDetector().detect(np.full(shape, 128, np.uint8)) == []


def test_analyzer_takes_grey_and_colour(analyzer: FaceAnalyzer, portrait: np.ndarray) -> None:
    for picture in (portrait, to_grey(portrait), np.dstack([portrait, np.full(portrait.shape[:2], 255, np.uint8)])):
        faces = analyzer.analyze(picture)
        assert any(covers(face.box, 222, 115) for face in faces)
        for face in faces:
            assert face.box.x + face.box.width <= picture.shape[1]
            assert face.box.y + face.box.height <= picture.shape[0]
            assert face.prediction.probabilities.shape == (7,)


def test_two_faces_come_largest_first(analyzer: FaceAnalyzer, portrait: np.ndarray) -> None:
    small = portrait[::2, ::2]
    both = np.zeros((512, 768, 3), np.uint8)
    both[:256, :256] = small
    both[:, 256:] = portrait
    areas = [face.box.width * face.box.height for face in analyzer.analyze(both)]
    assert len(areas) >= 2
    assert areas == sorted(areas, reverse=True)


class FixedDetector:
    """Finds the same boxes in every picture, and keeps what it was shown."""

    def __init__(self, *boxes: Box) -> None:
        self.boxes = list(boxes)
        self.shown: list[np.ndarray] = []

    def detect(self, picture: np.ndarray) -> list[Box]:
        self.shown.append(picture)
        return self.boxes


class CropClassifier:
    """Keeps the crops that it is shown."""

    def __init__(self) -> None:
        self.crops: list[np.ndarray] = []

    def predict(self, face: np.ndarray) -> Prediction:
        self.crops.append(face)
        return Prediction("happy", 1.0, np.zeros(7, np.float32))


@pytest.fixture
def no_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise AssertionError("a detector was loaded")

    monkeypatch.setattr("fer_edge.runtime.faces.load_detector", refuse)


def test_the_crop_that_is_predicted_is_the_box(model_files, faces: np.ndarray) -> None:
    picture = np.zeros((120, 200), np.uint8)
    picture[10:58, 100:148] = faces[0, ..., 0]
    picture[60:108, 10:58] = faces[1, ..., 0]
    with EmotionClassifier(model_files["int8"]) as classifier:
        found = FaceAnalyzer(classifier, FixedDetector(Box(100, 10, 48, 48), Box(10, 60, 48, 48))).analyze(picture)
        assert len(found) == 2
        for face, crop in zip(found, faces, strict=False):
            np.testing.assert_array_equal(face.prediction.probabilities, classifier.predict(crop).probabilities)


@pytest.mark.usefixtures("no_detector")
def test_an_app_brings_its_own_boxes(model_files, faces: np.ndarray) -> None:
    picture = np.zeros((120, 200, 3), np.uint8)
    picture[60:108, 10:58] = faces[1]
    boxes = [Box(0, 0, 20, 20, confidence=0.5), Box(10, 60, 48, 48)]
    with EmotionClassifier(model_files["int8"]) as classifier:
        small, face = FaceAnalyzer(classifier).analyze(picture, iter(boxes))
        expected = classifier.predict(picture[60:108, 10:58])
        assert FaceAnalyzer(classifier).analyze(picture, []) == []
    assert (small.box, face.box) == tuple(boxes)  # in the app's order, as they came
    np.testing.assert_array_equal(face.prediction.probabilities, expected.probabilities)


def test_the_detector_sees_the_picture_as_it_is(portrait: np.ndarray) -> None:
    detector = FixedDetector()
    assert FaceAnalyzer(CropClassifier(), detector).analyze(portrait) == []
    assert detector.shown[0] is portrait


@pytest.mark.parametrize(
    ("box", "margin", "expected"),
    [
        (Box(50, 40, 60, 60), 0.0, Box(50, 40, 60, 60)),
        (Box(50, 40, 60, 60), 0.1, Box(44, 34, 72, 72)),
        (Box(50, 40, 60, 60), -0.1, Box(56, 46, 48, 48)),
        (Box(50, 40, 40, 60), 0.0, Box(40, 40, 60, 60)),  # the longer side counts
        (Box(50, 40, 60, 40), 0.0, Box(50, 30, 60, 60)),
        (Box(0, 0, 50, 50), 0.1, Box(0, 0, 60, 60)),  # moved inwards, not cut
        (Box(150, 100, 50, 50), 0.1, Box(140, 90, 60, 60)),
        (Box(-20, -20, 60, 60), 0.0, Box(0, 0, 60, 60)),
        (Box(0, 0, 200, 150), 0.0, Box(25, 0, 150, 150)),  # no more than the picture has
        (Box(0, 0, 1, 1), -0.4, Box(0, 0, 1, 1)),
    ],
)
def test_face_square(box: Box, margin: float, expected: Box) -> None:
    assert face_square(box, Framing(margin), height=150, width=200) == expected


sides = st.integers(1, 400)


@given(
    height=sides, width=sides, x=st.integers(-500, 500), y=st.integers(-500, 500), w=sides, h=sides,
    margin=st.floats(-0.49, 3),
)  # fmt: skip
def test_face_square_is_a_square_of_the_picture(height, width, x, y, w, h, margin: float) -> None:
    try:
        square = face_square(Box(x, y, w, h), Framing(margin), height, width)
    except ImageError:
        assert x >= width or y >= height or x + w <= 0 or y + h <= 0
        return
    assert square.width == square.height >= 1
    assert 0 <= square.x <= square.x + square.width <= width
    assert 0 <= square.y <= square.y + square.height <= height
    wanted = round(max(w, h) * (1 + 2 * margin))
    assert square.width == max(1, min(wanted, height, width))


@pytest.mark.usefixtures("no_detector")
@pytest.mark.parametrize(
    "box", [Box(200, 0, 9, 9), Box(0, 150, 9, 9), Box(-9, 0, 9, 9), Box(5, 5, 0, 9), Box(5, 5, 9, -1)]
)
def test_box_without_a_pixel_is_refused(box: Box) -> None:
    with pytest.raises(ImageError, match=r"200x150 picture, got Box\(x="):
        FaceAnalyzer(CropClassifier()).analyze(np.zeros((150, 200), np.uint8), [box])


def test_margin_widens_the_crop() -> None:
    classifier = CropClassifier()
    picture = np.arange(150 * 200, dtype=np.uint32).astype(np.uint8).reshape(150, 200)
    FaceAnalyzer(classifier, FixedDetector(Box(50, 40, 60, 60)), margin=0.1).analyze(picture)
    np.testing.assert_array_equal(classifier.crops[0], picture[34:106, 44:116])


@pytest.mark.parametrize("margin", [-0.5, float("nan"), float("inf")])
def test_impossible_margin_is_refused(margin: float) -> None:
    with pytest.raises(ValueError, match="margin"):
        FaceAnalyzer(CropClassifier(), margin=margin)


def test_faces_below_the_limit_are_skipped(portrait: np.ndarray) -> None:
    (face,) = HaarDetector().detect(portrait)
    assert HaarDetector(min_size=face.width - 20).detect(portrait) != []
    assert HaarDetector(min_size=face.width + 40).detect(portrait) == []
    assert face.confidence is None


def test_whole_picture_is_one_face(model_files, faces: np.ndarray) -> None:
    with EmotionClassifier(model_files["int8"]) as classifier:
        (face,) = FaceAnalyzer(classifier, WholePicture()).analyze(faces[0])
    assert face.box == Box(0, 0, 48, 48)


any_array = arrays.arrays(
    dtype=st.one_of(st.just(np.dtype(np.uint8)), arrays.scalar_dtypes()),
    shape=arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=70),
)
VIEWS = [lambda a: a, lambda a: a[::-1], lambda a: a[..., ::-1], lambda a: a.T, lambda a: a[1::2], np.asfortranarray]


@given(array=any_array, view=st.sampled_from(VIEWS), whole=st.booleans())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_array_is_analysed_or_refused(array: np.ndarray, view, whole: bool, analyzer: FaceAnalyzer) -> None:
    picture = view(array) if array.ndim else array
    try:
        found = analyzer.analyze(picture, WholePicture().detect(picture) if whole and picture.ndim > 1 else None)
    except ImageError:
        return
    assert picture.dtype == np.uint8
    for face in found:
        assert face.prediction.probabilities.shape == (7,)
        assert face.prediction.probabilities.sum() == pytest.approx(1, abs=0.05)  # int8 steps of 1/256


@pytest.mark.parametrize("view", VIEWS)
def test_strides_do_not_matter_to_the_cascade(view, portrait: np.ndarray) -> None:
    picture = view(to_grey(portrait))
    assert HaarDetector().detect(picture) == HaarDetector().detect(np.ascontiguousarray(picture))


def test_no_picture_is_refused(analyzer: FaceAnalyzer) -> None:
    with pytest.raises(ImageError):
        analyzer.analyze(np.zeros((100, 100), np.float32))


@pytest.mark.parametrize("box", [Box(170, 60, 110, 120), Box(0, 0, 512, 512), Box(500, 500, 12, 12)])
def test_annotate_draws_on_a_copy(portrait: np.ndarray, box: Box) -> None:
    before = portrait.copy()
    face = FaceEmotion(box, Prediction("happy", 0.9, np.zeros(7, np.float32)))
    drawn = annotate(portrait, [face])
    np.testing.assert_array_equal(portrait, before)
    assert (drawn.shape, drawn.dtype) == (portrait.shape, np.uint8)
    assert not np.array_equal(drawn[box.y, box.x], portrait[box.y, box.x])


def test_annotate_without_faces_is_still_a_copy(portrait: np.ndarray) -> None:
    copy = annotate(portrait, [])
    np.testing.assert_array_equal(copy, portrait)
    assert not np.shares_memory(copy, portrait)


@pytest.mark.parametrize("view", [lambda a: a[..., 1], lambda a: a[:, ::-1], lambda a: a.swapaxes(0, 1), lambda a: a])
@pytest.mark.parametrize("size", [1, 20, 300])
def test_annotate_takes_any_picture(view, size: int, portrait: np.ndarray) -> None:
    picture = view(portrait[:size, :size])
    before = picture.copy()
    face = TrackedFace(Box(-5, -5, 400, 10**6), Prediction("happy", 0.9, np.zeros(7, np.float32)), 1, None)
    for drawn in (annotate(picture, [face]), annotate_tracked(picture, [face])):
        assert (drawn.shape, drawn.dtype) == ((size, size, 3), np.uint8)
    np.testing.assert_array_equal(picture, before)
    np.testing.assert_array_equal(annotate(picture, []), to_bgr(picture))
