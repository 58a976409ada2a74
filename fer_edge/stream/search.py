"""Find the faces of frame after frame: everywhere now and then, and in between where they were."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from fer_edge.runtime.detectors.base import FaceDetector
from fer_edge.stream.tracker import overlap
from fer_edge.types import Box

SAME_FACE = 0.5
"""Intersection over union of two finds from which on they are one face."""


class FaceSearch:
    """Searches a whole frame only when it has to.

    The whole frame is searched while no face is known; when `full_every_seconds` have passed since the last
    such search; from the moment a face is lost until it is back, or `patience_seconds` have passed; and where
    there are so many faces that it takes no longer. Else each face is looked for near its last place, which
    takes a fraction of the time. So a face that comes while others are there is seen at most
    `full_every_seconds` late.

    Args:
        detector: if it has no `detect_near`, every frame is searched whole.
        full_every_seconds: 0 for always.
        patience_seconds: how long a lost face is worth it.
    """

    def __init__(
        self, detector: FaceDetector, *, full_every_seconds: float = 0.5, patience_seconds: float = 1.0
    ) -> None:
        if full_every_seconds < 0 or patience_seconds < 0:
            raise ValueError(f"expected seconds of at least 0, got {full_every_seconds} and {patience_seconds}")
        self._detector = detector
        self._detect_near: Callable[..., Box | None] | None = getattr(detector, "detect_near", None)
        self._near_pays: Callable[..., bool] | None = getattr(detector, "near_pays", None)
        self._full_every_seconds = full_every_seconds
        self._patience_seconds = patience_seconds
        self._boxes: list[Box] = []
        self._shape: tuple[int, ...] = ()
        self._full_at = self._full_until = float("-inf")

    def find(self, picture: npt.NDArray[np.uint8], seconds: float) -> list[Box]:
        """Return the faces of the frame taken at `seconds`, largest first."""
        boxes = None if self._must_look_everywhere(picture, seconds) else self._find_again(picture)
        if boxes is None:
            boxes = self._detector.detect(picture)
            if len(boxes) < len(self._boxes):
                self._full_until = seconds + self._patience_seconds
            self._full_at = seconds
        self._boxes, self._shape = boxes, picture.shape
        return boxes

    def _must_look_everywhere(self, picture: npt.NDArray[np.uint8], seconds: float) -> bool:
        since = seconds - self._full_at
        return (
            self._detect_near is None
            or not self._boxes
            or picture.shape != self._shape
            or not 0 <= since < self._full_every_seconds  # clocks of sources have been seen to go back
            or seconds < self._full_until
            or not (self._near_pays is None or self._near_pays(picture, len(self._boxes)))
        )

    def _find_again(self, picture: npt.NDArray[np.uint8]) -> list[Box] | None:
        """Return each face near its last place; None if one is lost, or two of them are now one."""
        assert self._detect_near is not None
        found: list[Box] = []
        for last in self._boxes:
            box = self._detect_near(picture, last)
            if box is None or any(overlap(box, other) > SAME_FACE for other in found):
                return None
            found.append(box)
        return sorted(found, key=lambda box: box.width * box.height, reverse=True)
