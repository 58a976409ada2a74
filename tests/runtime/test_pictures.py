"""One way in: whatever an app holds of a picture gives the same faces."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

import fer_edge
from fer_edge import FaceAnalyzer, annotate
from fer_edge.errors import ImageError
from fer_edge.runtime.pictures import to_picture

PORTRAIT = ROOT / "fer_edge/assets/astronaut.jpg"


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return cv2.imread(str(PORTRAIT))


@pytest.fixture(scope="module")
def analyzer():
    with FaceAnalyzer() as analyzer:
        yield analyzer


def test_package_has_one_way_in() -> None:
    assert {"EmotionClassifier", "EmotionStream", "FaceAnalyzer", "annotate"} <= set(dir(fer_edge))
    for name in fer_edge.__all__:
        assert getattr(fer_edge, name)
    with pytest.raises(AttributeError, match="no attribute 'FaceAnalyser'"):
        fer_edge.FaceAnalyser  # noqa: B018


def test_every_form_of_a_picture_gives_the_same_face(analyzer: FaceAnalyzer, pixels: np.ndarray) -> None:
    (expected,) = analyzer.analyze(pixels)
    assert expected.prediction.label == "happy"
    rgb = np.ascontiguousarray(pixels[..., ::-1])
    assert analyzer.analyze(PORTRAIT) == [expected]
    assert analyzer.analyze(str(PORTRAIT)) == [expected]
    assert analyzer.analyze(PORTRAIT.read_bytes()) == [expected]
    assert analyzer.analyze(rgb, rgb=True) == [expected]
    assert analyzer.analyze(Image.fromarray(rgb)) == [expected]


def test_red_stays_red() -> None:
    red = np.zeros((4, 5, 3), np.uint8)
    red[..., 0] = 200
    for picture in (to_picture(red, rgb=True), to_picture(Image.fromarray(red)), to_picture(png(Image.fromarray(red)))):
        assert picture[0, 0].tolist() == [0, 0, 200]
    transparent = Image.fromarray(np.dstack([red, np.full((4, 5), 9, np.uint8)]))
    assert to_picture(transparent)[0, 0].tolist() == [0, 0, 200]
    assert to_picture(np.asarray(transparent), rgb=True)[0, 0].tolist() == [0, 0, 200, 9]
    assert to_picture(Image.fromarray(red[..., 0])).shape == (4, 5)
    assert to_picture(Image.fromarray(red).quantize(2))[0, 0].tolist() == [0, 0, 200]


def test_pillow_images_are_turned_upright_as_files_are(tmp_path: Path) -> None:
    image = Image.fromarray(np.zeros((4, 6, 3), np.uint8))
    exif = image.getexif()
    exif[0x0112] = 6  # turned by 90 degrees
    path = tmp_path / "turned.jpg"
    image.save(path, exif=exif)
    with Image.open(path) as turned:
        assert to_picture(turned).shape == to_picture(path).shape == (6, 4, 3)


@pytest.mark.parametrize("source", [None, 7, [1, 2], {"picture": 1}])
def test_no_picture_is_refused_in_a_sentence(source: object) -> None:
    with pytest.raises(ImageError, match="Expected a path, bytes, a NumPy array or an image of Pillow"):
        to_picture(source)


def test_truncated_pillow_image_is_refused_in_a_sentence() -> None:
    with pytest.raises(ImageError, match="Pillow cannot read"):
        to_picture(Image.open(io.BytesIO(png(Image.effect_noise((64, 64), 50))[:600])))


def test_annotate_takes_what_analyze_takes(analyzer: FaceAnalyzer, pixels: np.ndarray) -> None:
    faces = analyzer.analyze(PORTRAIT)
    np.testing.assert_array_equal(annotate(PORTRAIT, faces), annotate(pixels, faces))


def png(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()
