"""How far the arithmetic of microcontrollers is from XNNPACK's."""

from pathlib import Path

import numpy as np
import pytest
from helpers import random_faces

from fer_edge.convert.arithmetics import COMPARED_IMAGES, compare_arithmetics
from fer_edge.convert.fidelity import predict_file
from fer_edge.modelfile.metadata import read_model
from fer_edge.runtime.bundled import find_model
from fer_edge.runtime.reference import ask_reference


@pytest.fixture(scope="module")
def images(faces: np.ndarray) -> np.ndarray:
    return np.concatenate([faces, random_faces(COMPARED_IMAGES)])


def test_shares_are_of_the_scores_themselves(model_files: dict[str, Path], images: np.ndarray) -> None:
    content = model_files["int8"].read_bytes()
    reference = ask_reference(read_model(content).flatbuffer, images[:COMPARED_IMAGES])
    answers = reference.astype(np.float32) / 256
    ours = np.pad(answers, ((0, len(images) - COMPARED_IMAGES), (0, 0)))
    keras = ours.copy()
    found = compare_arithmetics(content, images, ours, keras)
    assert found is not None
    assert (found.images, found.agreement, found.same_label) == (COMPARED_IMAGES, 1.0, 1.0)
    assert (found.scores_that_differ, found.largest_steps) == (0.0, 0)
    ours[0] = np.roll(ours[0], 1)
    keras[:10] = np.roll(keras[:10], 1, axis=1)
    found = compare_arithmetics(content, images, ours, keras)
    assert found is not None
    changed = reference[0].astype(int) - np.roll(reference[0], 1)
    assert found.scores_that_differ == pytest.approx(np.count_nonzero(changed) / reference.size)
    assert found.largest_steps == np.abs(changed).max()
    assert (found.same_label, found.agreement) == (0.99, 0.9)


def test_xnnpack_differs_a_little(images: np.ndarray) -> None:
    content = Path(find_model("edge_cnn_s")).read_bytes()
    answers = predict_file(content, images)
    found = compare_arithmetics(content, images, answers, answers)
    assert found is not None
    assert found.same_label == found.agreement > 0.9
    assert found.scores_that_differ < 0.5
    assert found.largest_steps < 32


@pytest.mark.parametrize("recipe", ["float32", "float16", "dynamic"])
def test_floats_have_one_arithmetic(recipe: str, model_files: dict[str, Path], images: np.ndarray) -> None:
    answers = np.zeros((len(images), 7), np.float32)
    assert compare_arithmetics(model_files[recipe].read_bytes(), images, answers, answers) is None
