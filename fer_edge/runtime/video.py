"""The one place that opens cameras and videos, through OpenCV."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from fer_edge.errors import SourceError

Shot = tuple[npt.NDArray[np.uint8], float]
"""A BGR picture, and its position in the video in seconds, where the source tells."""

TIMEOUT_MS = 10_000
"""How long an address may keep silent before it counts as lost; OpenCV's own limit is 30 s."""


class Capture(Protocol):
    """An opened camera or video."""

    frame_count: int
    frames_per_second: float

    def read(self) -> Shot | None:
        """Return the next frame; None at the end, or when the source is lost."""

    def release(self) -> None:
        """Free the device or file."""


class VideoCapture:
    """OpenCV's capture, checked by reading a frame: many a device opens and then gives nothing.

    Args:
        address: a camera index, a file, or an address such as rtsp://...

    Attributes:
        frame_count: the length of a recording, in part an estimate; 0 for a camera.
        frames_per_second: as the source says; 25 where it says nothing.

    Raises:
        SourceError: it cannot be opened, or gives no frame.
    """

    def __init__(self, address: int | str) -> None:
        import cv2

        if isinstance(address, int) or Path(address).is_char_device():
            self._capture = cv2.VideoCapture(address)
        else:
            # Named, because the other readers ignore the limits, and one prints what it dislikes.
            limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, TIMEOUT_MS]
            self._capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, limits)
        self._position = cv2.CAP_PROP_POS_MSEC
        self.frame_count = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        self.frames_per_second = self._capture.get(cv2.CAP_PROP_FPS) or 25.0
        self._first = self._read()
        if self._first is None:
            self.release()
            raise SourceError(_no_frame(address))

    def read(self) -> Shot | None:
        """Return the next frame; None at the end, or when the source is lost."""
        first, self._first = self._first, None
        return first or self._read()

    def release(self) -> None:
        """Free the device or file."""
        self._capture.release()

    def _read(self) -> Shot | None:
        done, picture = self._capture.read()
        if not done:
            return None
        return picture.astype(np.uint8, copy=False), self._capture.get(self._position) / 1000


def describe(address: int | str) -> str:
    """Return how messages call a source: without the passwords that an address or its query may hold."""
    if isinstance(address, int):
        return f"camera {address}"
    if "://" not in address:
        return address
    return re.sub(r"//[^/]*@", "//", address).partition("?")[0]


def _no_frame(address: int | str) -> str:
    if isinstance(address, int):
        return (
            f"Expected a picture from camera {address}, got none. Check that it is plugged in, that no other program "
            "uses it, and that you may read /dev/video*."
        )
    if "://" in address:
        return f"Expected a video stream at {describe(address)}, got none. Check the address and the network."
    return f"Expected a video in {address}, but no frame of it can be read: it is damaged, or no video."
