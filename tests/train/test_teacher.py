"""Distillation: what teachers answer, and what a student learns of them."""

import keras
import numpy as np
import pytest
from helpers import random_faces

from fer_edge.errors import RecipeError
from fer_edge.kerasfile.load import predict_keras
from fer_edge.train.config import load_recipe
from fer_edge.train.labels import one_hot
from fer_edge.train.models import build_model
from fer_edge.train.session import Session
from fer_edge.train.teacher import Teacher


def test_teacher_averages_its_networks(tmp_path) -> None:
    networks = []
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        network = build_model("edge_cnn", widths=[8, 8, 8], blocks=[1, 1, 1], dropout=[0.2])
        network.save(tmp_path / f"{seed}.keras")
        networks.append(network)
    pixels = random_faces(4).astype(np.float32)
    expected = sum(network(pixels, training=False).numpy() for network in networks) / 2
    got = Teacher([str(tmp_path / "1.keras"), str(tmp_path / "2.keras")]).label(pixels)
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_teacher_of_images_averages_each_with_its_mirror_image(tmp_path) -> None:
    network = build_model("edge_cnn", widths=[8, 8, 8], blocks=[1, 1, 1], dropout=[0.2])
    network.save(tmp_path / "model.keras")
    images = random_faces(5)
    mirrored = np.ascontiguousarray(images[:, :, ::-1])
    expected = (predict_keras(network, images) + predict_keras(network, mirrored)) / 2
    told: list[tuple[int, int]] = []
    answers = Teacher([str(tmp_path)]).label_images(images, lambda *numbers: told.append(numbers))
    np.testing.assert_allclose(answers, expected, atol=1e-5)
    assert told == [(5, 5)]


def test_missing_teacher(tmp_path) -> None:
    with pytest.raises(RecipeError, match="finished run"):
        Teacher([str(tmp_path)])


def test_student_of_full_weight_ignores_the_labels(tmp_path) -> None:
    small = {"widths": [8, 8, 8], "blocks": [1, 1, 1], "jit_compile": False}
    build_model("edge_cnn", widths=[8, 8, 8], blocks=[1, 1, 1], dropout=[0.2]).save(tmp_path / "model.keras")

    def losses(weight: float) -> list[float]:
        config = load_recipe("edge_cnn_s", {**small, "teacher": [str(tmp_path)], "teacher_weight": weight})
        found = []
        for labels in (np.zeros(8, np.int64), np.ones(8, np.int64)):
            keras.utils.set_random_seed(1)
            rng = np.random.default_rng(0)
            session = Session(config)
            found.append(session.train_batch(random_faces(8), one_hot(labels), size=48, rate=0.1, rng=rng)[0])
        return found

    same, other = losses(1.0), losses(0.5)
    assert same[0] == pytest.approx(same[1])
    assert other[0] != pytest.approx(other[1])
