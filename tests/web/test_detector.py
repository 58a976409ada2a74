"""BlazeFace in the browser finds what it finds in Python. Its weights are not part of fer-edge."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from web.node import random_pictures, run_engine, store_pictures

from fer_edge.runtime.detectors import BlazeFaceDetector
from fer_edge.runtime.detectors.base import shrink
from fer_edge.runtime.detectors.blazeface import letterbox

SIZES = [(640, 480), (480, 640), (128, 96), (256, 256), (300, 200), (131, 97), (90, 120), (641, 333), (128, 128)]


def test_the_detectors_input_is_equal(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    pictures = random_pictures(SIZES + [tuple(rng.integers(20, 500, 2).tolist()) for _ in range(30)])
    shrunk = [shrink(picture, min(1.0, 128 / max(picture.shape[:2]))) for picture in pictures]
    targets = [[picture.shape[1], picture.shape[0]] for picture in shrunk]
    run_engine("letterbox", tmp_path, targets=targets, **store_pictures(pictures, tmp_path))
    found = np.fromfile(tmp_path / "output", np.float32).reshape(-1, 128, 128, 3)
    for picture, small, square in zip(pictures, shrunk, found, strict=True):
        expected = np.full((128, 128, 3), -1, np.float32)
        expected[: small.shape[0], : small.shape[1]] = small[..., ::-1].astype(np.float32) / 127.5 - 1
        assert np.array_equal(square, expected), picture.shape
        if max(picture.shape) > 128:
            assert np.array_equal(expected, letterbox(picture, 128))


@pytest.fixture
def weights() -> Path:
    path = os.environ.get("FER_EDGE_BLAZEFACE")
    if not path:
        pytest.skip("FER_EDGE_BLAZEFACE names no face_detection_short_range.tflite; see docs/web.md")
    return Path(path)


def test_faces_are_found_where_python_finds_them(portrait: np.ndarray, weights: Path, tmp_path: Path) -> None:
    empty = random_pictures([(320, 240)])[0]
    two = np.hstack([portrait, cv2.flip(portrait, 1)])
    pictures = [portrait, two, empty, np.ascontiguousarray(portrait[:300, 60:400])]
    found = run_engine("detect", tmp_path, detector=weights, **store_pictures(pictures, tmp_path))
    detector = BlazeFaceDetector(weights)
    for boxes, picture in zip(found, pictures, strict=True):
        expected = detector.detect(picture)
        assert [(box["x"], box["y"], box["width"], box["height"]) for box in boxes] == [
            (box.x, box.y, box.width, box.height) for box in expected
        ]
        for box, right in zip(boxes, expected, strict=True):
            assert np.allclose(box["eyes"], [right.landmarks.right_eye, right.landmarks.left_eye], atol=0.01)
            assert box["confidence"] == pytest.approx(right.confidence, abs=1e-4)
    assert len(found[0]) == 1
    last = {**found[0][0], "x": found[0][0]["x"] + 15}
    near = run_engine("near", tmp_path, detector=weights, last=last, **store_pictures([portrait, empty], tmp_path))
    assert abs(near[0]["x"] - found[0][0]["x"]) < 12
    assert near[1] is None
