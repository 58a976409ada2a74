"""The calibration set: the images on which the int8 converter finds the activation ranges."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.data.fer2013 import seen_in
from fer_edge.errors import DataError
from fer_edge.types import LABELS, LabelledImages


@dataclass(frozen=True)
class CalibrationSet:
    """The chosen images and where they came from.

    Attributes:
        images: uint8, N x 48 x 48 x 1 grey faces, or images of the network's own shape.
        source: "fer2013", or the name of another set.
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


def select_calibration(
    splits: dict[str, LabelledImages], *, size: int, seed: int, split: str = "train"
) -> CalibrationSet:
    """Draw a seeded, class-stratified subset of a split.

    An image that also appears in another split of `splits` is never drawn: calibrating on it would
    flatter the fidelity.

    Raises:
        DataError: the split is not there, or `size` is not between the number of classes and the
            number of usable images.
    """
    if split not in splits:
        raise DataError(f"Calibration needs the split '{split}'; this copy of FER2013 has only {', '.join(splits)}.")
    images = splits[split]
    usable = np.ones(len(images), bool)
    for name, other in splits.items():
        if name != split:
            usable &= ~seen_in(images, other)
    if not len(LABELS) <= size <= usable.sum():
        raise DataError(
            f"Expected a calibration size from {len(LABELS)} to the {usable.sum():,} usable images of split "
            f"'{split}', got {size:,}."
        )
    rng = np.random.default_rng(seed)
    indices = np.sort(_stratified_draw(images.labels, usable, size, rng))
    return CalibrationSet(images.images[indices], "fer2013", split, seed, tuple(int(i) for i in indices))


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


def draw_any(images: npt.NDArray[np.uint8], source: str, *, size: int, seed: int) -> CalibrationSet:
    """Draw a seeded calibration set from images without labels, leaving some to compare on.

    Raises:
        DataError: it would leave none.
    """
    if not 1 <= size < len(images):
        raise DataError(
            f"Expected a calibration size from 1 to {len(images) - 1:,}, one less than the different pictures in "
            f"{source}, got {size:,}. Choose fewer with --calibration-size, or add pictures."
        )
    drawn = np.sort(np.random.default_rng(seed).permutation(len(images))[:size])
    return CalibrationSet(images[drawn], source, None, seed, tuple(int(index) for index in drawn))
