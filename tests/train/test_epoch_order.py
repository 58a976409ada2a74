"""The order of the images in an epoch."""

from pathlib import Path

import numpy as np
import pytest
from helpers import labelled_faces

from fer_edge.train.config import load_recipe
from fer_edge.train.run import EpochRow, RunFolder
from fer_edge.train.session import Session
from fer_edge.train.trainer import epoch_order, train

SMALL = {"widths": [8, 8, 8], "blocks": [1, 1, 1], "dropout": [0.0], "jit_compile": False, "precision": "float32"}


def test_every_image_comes_once() -> None:
    labels = np.repeat(np.arange(3), [1600, 400, 100])
    order = epoch_order(labels, 0.0, np.random.default_rng(0))
    assert sorted(order) == list(range(len(labels)))
    assert not np.array_equal(order, np.arange(len(labels)))


def test_balance_shows_rare_classes_more_often() -> None:
    labels = np.repeat(np.arange(3), [1600, 400, 100])
    shares = np.bincount(labels[epoch_order(labels, 0.5, np.random.default_rng(0))]) / len(labels)
    expected = np.array([1600, 800, 400]) / 2800
    np.testing.assert_allclose(shares, expected, atol=0.03)


class Silent:
    """Watches nothing."""

    def on_answers(self, answered: int, images: int) -> None: ...

    def on_step(self, epoch: int, step: int, steps: int, loss: float, accuracy: float) -> None: ...

    def on_epoch(self, row: EpochRow) -> None: ...


def epochs_of_a_run(folder: Path, monkeypatch: pytest.MonkeyPatch, *, seed: int, epochs: int) -> list[list[int]]:
    """Return, epoch by epoch, the positions of the images that a run trains on; nothing is learnt meanwhile."""
    images = labelled_faces(40, split="train")
    position = {image.tobytes(): index for index, image in enumerate(images.images)}
    shown: list[int] = []

    def record(self: Session, images: np.ndarray, targets: np.ndarray, **_: object) -> tuple[float, float]:
        np.testing.assert_array_equal(targets.argmax(axis=1), [position[image.tobytes()] % 7 for image in images])
        shown.extend(position[image.tobytes()] for image in images)
        return 1.0, 0.5

    monkeypatch.setattr(Session, "train_batch", record)
    config = load_recipe("edge_cnn_s", {**SMALL, "epochs": epochs, "batch_size": 8, "holdout": 0.0, "seed": seed})
    train(config, images, RunFolder(folder), Silent())
    return [shown[start : start + 40] for start in range(0, len(shown), 40)]


def test_every_epoch_has_an_order_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = epochs_of_a_run(tmp_path / "a", monkeypatch, seed=3, epochs=3)
    assert [sorted(epoch) for epoch in first] == [list(range(40))] * 3
    assert len({tuple(epoch) for epoch in first}) == 3
    assert epochs_of_a_run(tmp_path / "b", monkeypatch, seed=3, epochs=3) == first
    other = epochs_of_a_run(tmp_path / "c", monkeypatch, seed=4, epochs=1)
    assert other[0] not in first
