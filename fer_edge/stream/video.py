"""The one place that opens cameras and videos, through OpenCV."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

import numpy as np

from fer_edge.errors import SourceError
from fer_edge.stream.picamera import PiCamera, is_picamera
from fer_edge.stream.records import Shot

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


def open_capture(address: int | str) -> Capture:
    """Open a camera, a video file, an address, "picamera", or a pipeline of GStreamer.

    Raises:
        SourceError: it cannot be opened, or gives no frame.
    """
    if is_picamera(address):
        return PiCamera(str(address))
    return VideoCapture(address)


def is_pipeline(address: object) -> bool:
    """Return whether a source is a pipeline of GStreamer, whose elements stand between exclamation marks."""
    return isinstance(address, str) and " ! " in address


class VideoCapture:
    """OpenCV's capture, checked by reading a frame: many a device opens and then gives nothing.

    Args:
        address: a camera index, a file, an address such as rtsp://..., or a pipeline of GStreamer.

    Attributes:
        frame_count: the length of a recording, in part an estimate; 0 for a camera.
        frames_per_second: as the source says; 25 where it says nothing.

    Raises:
        SourceError: it cannot be opened, or gives no frame.
    """

    def __init__(self, address: int | str) -> None:
        import cv2

        if is_pipeline(address):
            self._capture = cv2.VideoCapture(_with_sink(str(address)), cv2.CAP_GSTREAMER)
        elif isinstance(address, int) or Path(address).is_char_device():
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


def _with_sink(pipeline: str) -> str:
    """Return a pipeline that ends where OpenCV takes the frames: the newest, in BGR."""
    return pipeline if "appsink" in pipeline else f"{pipeline} ! videoconvert ! video/x-raw,format=BGR ! appsink drop=1"


def _has_gstreamer() -> bool:
    import cv2

    return re.search(r"GStreamer:\s+YES", cv2.getBuildInformation()) is not None


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
            f"Camera {address} delivers no picture. Check that it is plugged in, that no other program "
            "uses it, and that you may read /dev/video*. On a Raspberry Pi, a CSI camera is called 'picamera'."
        )
    if is_pipeline(address):
        if not _has_gstreamer():
            return (
                "This OpenCV was built without GStreamer, as those from PyPI are. Debian's python3-opencv has it: "
                "install that, in a virtual environment with --system-site-packages."
            )
        return "The GStreamer pipeline delivers no picture; try it with gst-launch-1.0."
    if "://" in address:
        return f"{describe(address)} delivers no video. Check the address and the network."
    return f"{address}: no frame can be read; the file is damaged or not a video."
