"""The browser's engine gives the answers of Python: int8 bit for bit as the reference kernels, floats within 1e-6."""

import random
from pathlib import Path

import numpy as np
import pytest
from helpers import FIXTURES, random_faces, smooth_faces
from web.node import random_pictures, run_engine, store_pictures

from fer_edge.modelfile.metadata import read_model
from fer_edge.modelfile.seal import append_metadata
from fer_edge.runtime.bundled import find_model
from fer_edge.runtime.classifier import EmotionClassifier
from fer_edge.runtime.framing import Framing, _turn_upright, cut_face, face_square
from fer_edge.runtime.preprocess import to_face
from fer_edge.runtime.reference import ask_reference
from fer_edge.types import Box, Landmarks
from tools.fuzz.damage import ON_ANY_FILE

SMALL = find_model("edge_cnn_s")
EVERY_OPERATOR = str(FIXTURES / "every_operator.int8.tflite")


def classify(model: str, faces: np.ndarray, folder: Path) -> np.ndarray:
    (folder / "faces").write_bytes(faces.tobytes())
    run_engine("classify", folder, model=model, faces=folder / "faces")
    return np.fromfile(folder / "output", np.float32).reshape(len(faces), 7)


@pytest.mark.parametrize("model", [SMALL, find_model("edge_cnn_m"), EVERY_OPERATOR], ids=["s", "m", "every operator"])
def test_int8_is_the_reference_kernels_bit_for_bit(model: str, tmp_path: Path) -> None:
    faces = np.concatenate([smooth_faces(40), random_faces(10), np.zeros((1, 48, 48, 1), np.uint8)])
    expected = ask_reference(read_model(model).flatbuffer, faces)
    assert np.array_equal(classify(model, faces, tmp_path), expected / np.float32(256))
    assert len(np.unique(expected, axis=0)) > 40


@pytest.mark.parametrize("model", ["edge_cnn_s:float16", "edge_cnn_m:float16"])
def test_floats_are_near(model: str, tmp_path: Path) -> None:
    faces = np.concatenate([smooth_faces(20), random_faces(5)])
    expected = np.stack([answer.probabilities for answer in EmotionClassifier(model).predict_batch(faces)])
    assert np.abs(classify(find_model(model), faces, tmp_path) - expected).max() < 1e-6


SIZES = [
    (48, 48),
    (96, 96),
    (144, 96),
    (131, 131),
    (49, 48),
    (47, 90),
    (90, 47),
    (30, 30),
    (1, 1),
    (640, 480),
    (333, 480),
]


def test_preprocessing_is_equal(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    sizes = SIZES + [tuple(rng.integers(1, 300, 2).tolist()) for _ in range(60)]
    pictures = random_pictures(sizes)
    run_engine("preprocess", tmp_path, model=SMALL, **store_pictures(pictures, tmp_path))
    found = np.fromfile(tmp_path / "output", np.uint8).reshape(-1, 48, 48, 1)
    assert np.array_equal(found, np.stack([to_face(picture) for picture in pictures]))


def test_cutting_is_equal(tmp_path: Path) -> None:
    """Boxes inside, over the border, larger than the picture; framings of detectors."""
    rng, framing = np.random.default_rng(5), Framing(0.05, -0.1)
    pictures = random_pictures([(160, 120)] * 60)
    boxes = [Box(*rng.integers(-20, 110, 2).tolist(), *rng.integers(21, 200, 2).tolist()) for _ in pictures]
    job = {"boxes": [vars(box) for box in boxes], "framing": vars(framing)}
    run_engine("cut", tmp_path, model=SMALL, **job, **store_pictures(pictures, tmp_path))
    found = np.fromfile(tmp_path / "output", np.uint8).reshape(-1, 48, 48, 1)
    expected = [to_face(cut_face(picture, box, framing)) for picture, box in zip(pictures, boxes, strict=True)]
    assert np.array_equal(found, np.stack(expected))
    squares = run_engine("squares", tmp_path, width=160, height=120, **job)
    for square, box in zip(squares, boxes, strict=True):
        right = face_square(box, framing, 120, 160)
        assert (square["x"], square["y"], square["edge"]) == (right.x, right.y, right.width)


@pytest.mark.parametrize("edge", [60, 200])
def test_leaning_faces_are_turned_as_in_python(portrait: np.ndarray, tmp_path: Path, edge: int) -> None:
    """Not bit for bit: OpenCV turns a picture that it has shrunk before, and in steps of 1/32 pixel."""
    square = {"x": 150, "y": 30, "edge": edge}
    width = run_engine("turn", tmp_path, square=square, degrees=30, **store_pictures([portrait], tmp_path))
    turned = np.fromfile(tmp_path / "output", np.uint8).reshape(width, width, 4)[..., 2::-1]
    box = Box(150, 30, edge, edge, landmarks=Landmarks((0, 0), (1, 1), (0, 0)))
    difference = to_face(np.ascontiguousarray(turned)).astype(int) - to_face(_turn_upright(portrait, box, 30.0))
    assert np.abs(difference).mean() < 2
    assert np.abs(difference).max() < 25


def test_damaged_models_are_refused_in_a_sentence(tmp_path: Path) -> None:
    rng, whole = random.Random(7), Path(SMALL).read_bytes()
    models = []
    for number in range(120):
        path = tmp_path / f"{number}.tflite"
        path.write_bytes(rng.choice(ON_ANY_FILE)(bytearray(whole), rng))
        models.append(path)
    said = run_engine("load", tmp_path, models=models)
    assert sum(answer is None for answer in said) < 12  # damage to a comment, or none at all
    assert all(answer is None or answer[1].endswith(".") for answer in said)


def test_damaged_graphs_do_no_harm(tmp_path: Path) -> None:
    """Graphs are checked by themselves: where a page is not secure, browsers offer no checksum."""
    rng, whole = random.Random(8), Path(EVERY_OPERATOR).read_bytes()
    models = []
    for number in range(200):
        data = bytearray(whole)
        for _ in range(rng.choice((1, 1, 2, 6))):
            data[rng.randrange(9000)] ^= 1 << rng.randrange(8)
        path = tmp_path / f"{number}.tflite"
        path.write_bytes(data)
        models.append(path)
    said = run_engine("load", tmp_path, models=models, unsigned=True)
    assert sum(answer is not None and answer[0] == "model-damaged" for answer in said) > 10


def test_other_networks_are_refused_by_name(tmp_path: Path) -> None:
    unknown = tmp_path / "unknown.tflite"
    content = read_model(SMALL).metadata.content
    unknown.write_bytes(append_metadata((FIXTURES / "mixed.tflite").read_bytes(), content))
    said = run_engine("load", tmp_path, models=[unknown, FIXTURES / "mixed.tflite", tmp_path / "none"])
    assert said[0][1] == "The browser's engine cannot run the model: it has no kernel for ABS in float32."
    assert [code for code, _ in said[1:]] == ["model-metadata", "file-missing"]
