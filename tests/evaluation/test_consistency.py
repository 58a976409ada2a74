"""Moved faces: what moves, by how much, and what share of answers stays."""

import numpy as np
import pytest

from fer_edge.evaluation.consistency import measure_consistency, scalings, shifts

RNG = np.random.default_rng(0)
FACES = RNG.integers(0, 256, (5, 48, 48, 1), dtype=np.uint8)


def answer(labels: np.ndarray) -> np.ndarray:
    return np.eye(7, dtype=np.float32)[labels]


def test_shifts_move_by_two_pixels_and_repeat_the_border() -> None:
    left, right, up, down = shifts(FACES)
    assert np.array_equal(left[:, :, :-2], FACES[:, :, 2:])
    assert np.array_equal(right[:, :, 2:], FACES[:, :, :-2])
    assert np.array_equal(up[:, :-2], FACES[:, 2:])
    assert np.array_equal(down[:, 2:], FACES[:, :-2])
    assert np.array_equal(left[:, :, -1], FACES[:, :, -1])
    assert np.array_equal(down[:, 0], FACES[:, 0])


def test_scalings_keep_the_centre_and_move_the_rest() -> None:
    """A bright column 20 pixels right of the centre lies 19 and 21 pixels right of it."""
    face = np.zeros((1, 48, 48, 1), np.uint8)
    face[:, :, 43:45] = 200  # around 43.5, 20 right of 23.5
    for factor, moved in zip((0.95, 1.05), scalings(face), strict=True):
        assert moved.shape == face.shape
        brightness = moved[0, 24, :, 0].astype(float)
        centre = (brightness * np.arange(48)).sum() / brightness.sum()
        assert centre - 23.5 == pytest.approx(20 * factor, abs=0.2)


def test_share_of_answers_that_stay() -> None:
    """Says label 1 for whatever is brighter at the left border than the image was, else 0."""
    faces = np.full((4, 48, 48, 1), 10, np.uint8)
    faces[:2, :, 1] = 250  # a bright column that only a move to the left brings to the border

    def predict(images: np.ndarray) -> np.ndarray:
        return answer((images[:, 24, 0, 0] > 100).astype(int))

    found = measure_consistency(faces, predict)
    assert found.shifted == 1.0  # by 2 pixels the column leaves
    faces[:2, :, 1], faces[:2, :, 2] = 10, 250
    assert measure_consistency(faces, predict).shifted == pytest.approx((4 + 4 + 4 + 2) / 16)


def test_steady_model_is_steady() -> None:
    found = measure_consistency(FACES, lambda images: answer(np.full(len(images), 3)))
    assert found.as_json() == {"shifted": 1.0, "scaled": 1.0}
