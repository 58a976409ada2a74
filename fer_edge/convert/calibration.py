"""The calibration set: the images on which the int8 converter finds the activation ranges."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.dataset import PUBLIC_FACES, read_public_faces, seen_in
from fer_edge.errors import DataError
from fer_edge.types import LABELS, LabelledImages

DEFAULT_SIZE = 200
"""Images; 50 to 2,000 gave the same agreement with float32 within noise (docs/lab-notes.md)."""


@dataclass(frozen=True)
class CalibrationSet:
    """The chosen images and where they came from.

    Attributes:
        images: uint8, N x 48 x 48 x 1.
        source: "fer2013" or the name of another public set.
        split: the split they were drawn from, or None.
        seed: what the draw was seeded with, or None when all images were taken.
        indices: positions in that split, ascending.
    """

    images: npt.NDArray[np.uint8]
    source: str
    split: str | None
    seed: int | None
    indices: tuple[int, ...]

    def describe(self) -> dict[str, Any]:
        """Return the record that travels in the model's metadata."""
        return {
            "source": self.source,
            "split": self.split,
            "seed": self.seed,
            "count": len(self.indices),
            "indices": list(self.indices),
            "sha256": hashlib.sha256(self.images.tobytes()).hexdigest(),
        }


def select_calibration(splits: dict[str, LabelledImages], *, size: int, seed: int) -> CalibrationSet:
    """Draw a seeded, class-stratified subset of the training split.

    An image that also stands in another split of `splits` is never drawn: calibrating on it would
    flatter the verification.

    Raises:
        DataError: `size` is not between the number of classes and the number of usable images.
    """
    train = splits["train"]
    usable = np.ones(len(train), bool)
    for name, other in splits.items():
        if name != "train":
            usable &= ~seen_in(train, other)
    if not len(LABELS) <= size <= usable.sum():
        raise DataError(
            f"Expected a --calibration-size from {len(LABELS)} to the {usable.sum():,} usable training images, "
            f"got {size:,}."
        )
    rng = np.random.default_rng(seed)
    indices = np.sort(_stratified_draw(train.labels, usable, size, rng))
    return CalibrationSet(train.images[indices], "fer2013", "train", seed, tuple(int(i) for i in indices))


def _stratified_draw(
    labels: npt.NDArray[np.int64], usable: npt.NDArray[np.bool_], size: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Return `size` indices, as equal a number of each class as the classes allow."""
    queues = [list(rng.permutation(np.flatnonzero((labels == label) & usable))) for label in range(len(LABELS))]
    drawn: list[int] = []
    while len(drawn) < size:
        for queue in queues:
            if queue and len(drawn) < size:
                drawn.append(int(queue.pop()))
    return np.array(drawn, np.int64)


def public_calibration() -> CalibrationSet:
    """Return all of `read_public_faces`: for users without FER2013."""
    images = read_public_faces()
    return CalibrationSet(images, f"scikit-image {PUBLIC_FACES}", None, None, tuple(range(len(images))))
