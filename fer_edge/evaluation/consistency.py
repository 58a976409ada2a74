"""How steady a model's answers are: whether a face reads the same when its crop is a little off.

Detectors frame the same face a few pixels differently from frame to frame. A model that is right on FER2013's own
crops and changes its mind there flickers in use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

SHIFT_PIXELS = 2
SCALE = 0.05

Images = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Consistency:
    """Shares 0..1 of answers that stay the same, of all images and all ways to move them.

    Attributes:
        shifted: by 2 pixels to the left, right, top and bottom.
        scaled: smaller and larger by 5 %, around the centre.
    """

    shifted: float
    scaled: float

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def measure_consistency(images: Images, predict: Callable[[Images], npt.NDArray[np.float32]]) -> Consistency:
    """Compare the answers for moved images with those for the images as they are.

    Args:
        images: uint8, N x 48 x 48 x 1. What a move uncovers at the border repeats the border.
        predict: returns float32 N x labels for such images; called seven times.
    """
    usual = predict(images).argmax(axis=1)

    def share(moves: Iterator[Images]) -> float:
        return float(np.mean([predict(moved).argmax(axis=1) == usual for moved in moves]))

    return Consistency(share(shifts(images)), share(scalings(images)))


def shifts(images: Images) -> Iterator[Images]:
    """Yield the images, moved by `SHIFT_PIXELS` in each of the four directions."""
    margin = SHIFT_PIXELS
    height, width = images.shape[1:3]
    wide = np.pad(images, ((0, 0), (margin, margin), (margin, margin), (0, 0)), mode="edge")
    for down, right in ((0, -margin), (0, margin), (-margin, 0), (margin, 0)):
        top, left = margin - down, margin - right
        yield wide[:, top : top + height, left : left + width]


def scalings(images: Images) -> Iterator[Images]:
    """Yield the images, smaller and larger by `SCALE` around their centre, bilinearly."""
    import cv2

    height, width = images.shape[1:3]
    for factor in (1 - SCALE, 1 + SCALE):
        offsets = [(1 - factor) * (edge - 1) / 2 for edge in (width, height)]
        matrix = np.array([[factor, 0, offsets[0]], [0, factor, offsets[1]]], np.float32)
        moved = [cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE) for image in images]
        yield np.stack(moved).reshape(images.shape).astype(np.uint8)
