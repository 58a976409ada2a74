"""What every face detector has: a picture in, boxes out, and the framing of its boxes."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fer_edge.errors import ModelError, os_reason
from fer_edge.runtime.framing import Framing
from fer_edge.runtime.preprocess import channels_of
from fer_edge.types import FACE_SIZE, Box, Landmarks

Picture = npt.NDArray[np.uint8]

LEAST_SEARCHED_EDGE = 24
"""Pixels that the smallest face asked for keeps in a scaled picture: the window of the cascade, easy for YuNet."""

MOST_SEARCHED_EDGE = 4096
"""Pixels: for a picture of 4096x3072 YuNet takes 0.9 GB, and more for larger ones."""

LFS_MARK = b"version https://git-lfs"

NEAR = 2.0
"""Edge of the region in which a face is looked for again, as a multiple of its last box."""

NEAR_SIZES = (0.6, 1.6)
"""Least and most edge of a face that is found again, as a multiple of its last box."""


class FaceDetector(Protocol):
    """Whatever finds faces; bring your own by implementing `detect`.

    Three attributes are optional: `framing`, a `Framing`, says how its boxes relate to FER2013's crops;
    `detect_near` and `near_pays`, as `ScaledDetector` has them, let a stream look for a face where it was.
    """

    def detect(self, picture: Picture, /) -> list[Box]:
        """Return the faces in a picture, which is uint8 and grey, BGR or BGRA, just as the app gave it."""


def framing_of(detector: FaceDetector | None) -> Framing:
    """Return a detector's framing; that of FER2013's own crops where it has none."""
    framing = getattr(detector, "framing", None)
    return framing if isinstance(framing, Framing) else Framing()


class WholePicture:
    """Takes the whole picture for one face: for crops that somebody else has made.

    Of a picture that is not square the classifier sees the middle; see `face_square`.
    """

    def detect(self, picture: Picture) -> list[Box]:
        """Return one box, the picture."""
        return [Box(0, 0, picture.shape[1], picture.shape[0])]


@dataclass(frozen=True)
class Find:
    """A face as a detector sees it, in pixels of the scaled picture; see `Box` and `Landmarks`."""

    x: float
    y: float
    width: float
    height: float
    confidence: float | None = None
    points: npt.NDArray[np.float64] | None = None  # right eye, left eye, nose, and perhaps two corners of the mouth


@dataclass(frozen=True)
class View:
    """How the scaled picture that a detector sees lies in the full one.

    Attributes:
        scale: pixels of it for a pixel of the full picture.
        left: where it begins in the full picture.
        top: likewise.
        width: of the full picture.
        height: likewise.
    """

    scale: float
    left: int
    top: int
    width: int
    height: int


class ScaledDetector(ABC):
    """A detector that looks at a scaled picture, so that the size of a picture hardly changes the faces in it.

    Args:
        min_size: edge in pixels of the smallest face to return, by the longer side of its box, which is
            what the classifier sees. Below 48 it would have to invent pixels.
        longest_edge: pixels to which larger pictures are scaled down before the search. None makes the search
            as fine as `min_size` needs: the smallest face keeps `LEAST_SEARCHED_EDGE` pixels.

    Attributes:
        framing: how the boxes relate to FER2013's crops.
    """

    framing: Framing = Framing()
    least_longest_edge: int = 320
    """Pixels, where `longest_edge` is None."""

    near_edge: int = 128
    """Pixels to which the region of `detect_near` is scaled down; the face is about half of it."""

    def __init__(self, *, min_size: int = FACE_SIZE, longest_edge: int | None = 640) -> None:
        if min_size < 1 or (longest_edge is not None and longest_edge < 32):
            raise ValueError(f"expected min_size >= 1 and longest_edge >= 32, got {min_size} and {longest_edge}")
        self._min_size = min_size
        self._longest_edge = longest_edge

    def detect(self, picture: npt.NDArray[Any]) -> list[Box]:
        """Return the faces, largest first, cut off at the picture's border.

        Args:
            picture: uint8, grey (H x W), BGR (H x W x 3) or BGRA (H x W x 4).

        Raises:
            ImageError: another dtype or shape.
        """
        channels_of(picture)
        height, width = picture.shape[:2]
        view = View(min(1.0, self._search_edge(max(height, width)) / max(height, width)), 0, 0, width, height)
        finds = self._find(shrink(picture, view.scale), self._min_size * view.scale)
        return sorted(self._large_enough(finds, view), key=lambda box: box.width * box.height, reverse=True)

    def detect_near(self, picture: npt.NDArray[Any], last: Box) -> Box | None:
        """Return the face that was at `last` in a picture shortly before, if it is still near there.

        Only a region of `NEAR` times the box is searched, which takes a fraction of the time of `detect`.
        """
        height, width = picture.shape[:2]
        edge = max(last.width, last.height)
        left = max(0, round(last.x + (last.width - NEAR * edge) / 2))
        top = max(0, round(last.y + (last.height - NEAR * edge) / 2))
        right, bottom = left + round(NEAR * edge), top + round(NEAR * edge)
        region = picture[top:bottom, left:right]
        if region.size == 0:
            return None
        view = View(min(1.0, self.near_edge / max(region.shape[:2])), left, top, width, height)
        finds = self._find_near(shrink(region, view.scale), NEAR_SIZES[0] * edge * view.scale)
        sizes = (NEAR_SIZES[0] * edge, NEAR_SIZES[1] * edge)
        found = [b for b in self._large_enough(finds, view) if sizes[0] <= max(b.width, b.height) <= sizes[1]]
        return min(found, key=lambda box: _distance(box, last), default=None)

    def near_pays(self, picture: npt.NDArray[Any], faces: int) -> bool:
        """Return whether to look for so many faces near their last places takes less than to search the picture.

        Measured: a region costs as much as twice its pixels in a whole picture.
        """
        height, width = picture.shape[:2]
        scale = min(1.0, self._search_edge(max(height, width)) / max(height, width))
        return bool(2 * faces * self.near_edge**2 < scale**2 * height * width)

    @abstractmethod
    def _find(self, picture: Picture, min_size: float) -> Iterable[Find]:
        """Return the faces of a scaled picture; those smaller than `min_size` pixels of it may be left out."""

    def _find_near(self, picture: Picture, min_size: float) -> Iterable[Find]:
        """Return the faces of a scaled region of at most `near_edge` pixels."""
        return self._find(picture, min_size)

    def _search_edge(self, longest: int) -> int:
        if self._longest_edge is not None:
            return self._longest_edge
        needed = math.ceil(longest * LEAST_SEARCHED_EDGE / self._min_size)
        return min(max(self.least_longest_edge, needed), MOST_SEARCHED_EDGE)

    def _large_enough(self, finds: Iterable[Find], view: View) -> list[Box]:
        boxes = [_box_inside(find, view) for find in finds]
        return [box for box in boxes if box is not None and max(box.width, box.height) >= self._min_size]


def read_file(path: Path, wanted: str) -> bytes:
    """Return the bytes of a network.

    Args:
        path: the file.
        wanted: what it should be, for the message.

    Raises:
        ModelError: the file is missing or unreadable, or it is a Git LFS pointer.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such file; expected {wanted}.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: {os_reason(error)}; expected {wanted}.") from error
    if content.startswith(LFS_MARK):
        raise ModelError(
            f"{path} is a Git LFS pointer, which only stands for the network: run 'git lfs pull' where it came from."
        )
    return content


def shrink(picture: npt.NDArray[Any], scale: float) -> Picture:
    """Return a picture scaled down by averaging; the picture itself where `scale` is 1."""
    if scale >= 1:
        return picture
    import cv2

    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _box_inside(find: Find, view: View) -> Box | None:
    """Return the part of a find that lies in the full picture; None where there is none, or no finite rectangle."""
    offset = np.array([view.left, view.top], np.float64)
    corners = np.array([[find.x, find.y], [find.x + find.width, find.y + find.height]], np.float64)
    corners = corners / view.scale + offset
    if not np.isfinite(corners).all():
        return None
    (left, top), (right, bottom) = corners.round().clip(0, [view.width, view.height]).astype(int).tolist()
    if right <= left or bottom <= top:
        return None
    landmarks = None
    if find.points is not None and np.isfinite(find.points).all():
        landmarks = Landmarks(*((float(x), float(y)) for x, y in find.points / view.scale + offset))
    return Box(left, top, right - left, bottom - top, find.confidence, landmarks)


def _distance(a: Box, b: Box) -> float:
    return math.hypot(a.x + a.width / 2 - b.x - b.width / 2, a.y + a.height / 2 - b.y - b.height / 2)
