"""Where a conversion's images come from: what to calibrate on, and what is held out to compare on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from fer_edge.convert.calibration import CalibrationSet, draw_any, select_calibration
from fer_edge.convert.fidelity import FidelitySet
from fer_edge.convert.recipes import ConversionRecipe
from fer_edge.data.fer2013 import EVALUATION_SPLITS, PUBLIC_FACES, read_public_faces
from fer_edge.types import LabelledImages

PUBLIC_CALIBRATION = 50
"""Of the 100 public faces, at most: as many calibrate as well as thousands, and the others compare."""


class ImageSource(Protocol):
    """Gives images for calibration, and others for fidelity."""

    def calibration(self, recipe: ConversionRecipe) -> CalibrationSet:
        """Return the draw that a recipe asks for.

        Raises:
            DataError: there are not enough images.
        """

    def held_out(self, drawn: Sequence[CalibrationSet], limit: int | None = None) -> FidelitySet:
        """Return the images to compare on, none of which is among the drawn; at most `limit`, evenly spaced."""


@dataclass(frozen=True)
class Fer2013Images:
    """The splits of FER2013."""

    splits: dict[str, LabelledImages]

    def calibration(self, recipe: ConversionRecipe) -> CalibrationSet:
        """Return a class-stratified draw from the recipe's split."""
        return select_calibration(self.splits, size=recipe.calibration_size, seed=recipe.seed, split=recipe.split)

    def held_out(self, drawn: Sequence[CalibrationSet], limit: int | None = None) -> FidelitySet:
        """Return an evaluation split; of a copy without one that was not calibrated on, what is left of a split."""
        used = {calibration.split for calibration in drawn}
        candidates = [name for name in EVALUATION_SPLITS if name in self.splits and name not in used]
        name = candidates[0] if candidates else next(iter(self.splits))
        images, source = self.splits[name], f"FER2013 split '{name}'"
        if not candidates:
            images = images.take(_others(images.images, drawn))
            source += " without the calibration images"
        if limit is not None and limit < len(images):
            images = images.take(_evenly(len(images), limit))
            source += f", {limit:,} of its images"
        return FidelitySet(images.images, images, source)


@dataclass(frozen=True)
class UnlabelledImages:
    """Pictures without labels, which give agreement but no accuracy.

    Attributes:
        images: uint8, N x height x width x channels.
        source: what they are, in words.
        most: how many of them are calibrated on at most.
    """

    images: npt.NDArray[np.uint8]
    source: str
    most: int | None = None

    def calibration(self, recipe: ConversionRecipe) -> CalibrationSet:
        """Return a seeded draw."""
        size = min(recipe.calibration_size, self.most or recipe.calibration_size)
        return draw_any(self.images, self.source, size=size, seed=recipe.seed)

    def held_out(self, drawn: Sequence[CalibrationSet], limit: int | None = None) -> FidelitySet:
        """Return what was not drawn."""
        rest = self.images[_others(self.images, drawn)]
        source = self.source + (" without those calibrated on" if drawn else "")
        if limit is not None and limit < len(rest):
            rest = rest[_evenly(len(rest), limit)]
        return FidelitySet(rest, None, source)


def public_images() -> UnlabelledImages:
    """Return the faces that scikit-image ships, for users without FER2013.

    Raises:
        DataError: scikit-image is not installed.
    """
    return UnlabelledImages(read_public_faces(), f"scikit-image {PUBLIC_FACES}", PUBLIC_CALIBRATION)


def _others(images: npt.NDArray[np.uint8], drawn: Sequence[CalibrationSet]) -> npt.NDArray[np.int64]:
    """Return the positions of the images that are pixel-identical to none of the drawn."""
    taken = {image.tobytes() for calibration in drawn for image in calibration.images}
    return np.array([index for index, image in enumerate(images) if image.tobytes() not in taken], np.int64)


def _evenly(count: int, limit: int) -> npt.NDArray[np.int64]:
    """Return `limit` positions among `count`, evenly spaced: FER2013 is sorted by class."""
    return np.linspace(0, count - 1, limit).round().astype(np.int64)
