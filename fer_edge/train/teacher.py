"""Distillation: the averaged soft predictions of trained networks as targets (arXiv:1503.02531).

With `teacher_sees = "batches"` the teachers see the very pixels that the student sees, augmentation
included, which teaches more in very long training (Beyer et al. 2022, arXiv:2106.05237) and costs
their forward pass in every step. With "images" they answer once for each image and its mirror image,
and training is as fast as without them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from fer_edge.errors import ModelError, RecipeError
from fer_edge.kerasfile.load import load_keras
from fer_edge.train.labels import Targets
from fer_edge.types import LABELS

BATCH = 256


class Teacher:
    """One or more trained networks that label a batch together.

    Args:
        sources: run folders with a `model.keras`, or .keras files.

    Raises:
        RecipeError: one of them is missing or cannot be loaded.
    """

    def __init__(self, sources: Sequence[str]) -> None:
        self._networks = [load_trained(source, field="teacher") for source in sources]

    def label(self, pixels: npt.NDArray[np.float32]) -> Targets:
        """Return the averaged probabilities (N x 7) for a batch of float32 pixels 0..255."""
        answers = [network.predict_on_batch(pixels) for network in self._networks]
        probabilities: Targets = np.mean(answers, axis=0, dtype=np.float32)
        return probabilities

    def label_images(
        self, images: npt.NDArray[np.uint8], on_answers: Callable[[int, int], None] | None = None
    ) -> Targets:
        """Return the probabilities (N x 7) for uint8 N x 48 x 48 x 1 images, averaged with their mirror images'.

        `on_answers`, if given, is called now and then with (images answered, images): three networks of 50 M
        multiply-accumulates take a core minutes for FER2013.
        """
        answers = np.empty((len(images), len(LABELS)), np.float32)
        for start in range(0, len(images), BATCH):
            pixels = images[start : start + BATCH].astype(np.float32)
            answers[start : start + BATCH] = (self.label(pixels) + self.label(pixels[:, :, ::-1])) / 2
            if on_answers:
                on_answers(min(start + BATCH, len(images)), len(images))
        return answers


def blend(targets: Targets, answers: Targets, weight: float) -> Targets:
    """Return N x 7 targets that are the teacher's answers in the share `weight`."""
    return (1 - weight) * targets + weight * answers


def load_trained(source: str, *, field: str) -> keras.Model:
    """Return the network of a finished run or a .keras file, which the recipe names in `field`.

    Raises:
        RecipeError: it is missing or cannot be loaded.
    """
    path = Path(source) / "model.keras" if Path(source).is_dir() else Path(source)
    try:
        return load_keras(path).network
    except ModelError as error:
        raise RecipeError(
            f"Recipe field '{field}' names {source}, expected a finished run or a .keras file: {error}"
        ) from error
