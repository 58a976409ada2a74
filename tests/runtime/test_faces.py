"""Faces in pictures."""

import numpy as np
import pytest

from fer_edge.errors import ImageError
from fer_edge.runtime import Box, EmotionClassifier, FaceAnalyzer, FaceEmotion, HaarDetector, Prediction, WholePicture
from fer_edge.runtime.annotate import annotate
from fer_edge.runtime.preprocess import to_grey


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


def test_the_crop_that_is_predicted_is_the_box(model_files, faces: np.ndarray) -> None:
    class Fixed:
        def detect(self, grey: np.ndarray) -> list[Box]:
            return [Box(100, 10, 48, 48), Box(10, 60, 48, 48)]

    picture = np.zeros((120, 200), np.uint8)
    picture[10:58, 100:148] = faces[0, ..., 0]
    picture[60:108, 10:58] = faces[1, ..., 0]
    with EmotionClassifier(model_files["int8"]) as classifier:
        found = FaceAnalyzer(classifier, Fixed()).analyze(picture)
        for face, crop in zip(found, faces, strict=False):
            np.testing.assert_array_equal(face.prediction.probabilities, classifier.predict(crop).probabilities)


def test_whole_picture_is_one_face(model_files, faces: np.ndarray) -> None:
    with EmotionClassifier(model_files["int8"]) as classifier:
        (face,) = FaceAnalyzer(classifier, WholePicture()).analyze(faces[0])
    assert face.box == Box(0, 0, 48, 48)


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
