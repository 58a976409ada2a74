"""Cameras of a Raspberry Pi through picamera2.

Since Raspberry Pi OS Bookworm, libcamera owns the cameras at the CSI connector, and OpenCV does not see them
(https://github.com/opencv/opencv/issues/22820). picamera2 comes with the system, not from PyPI: a virtual
environment needs --system-site-packages.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fer_edge.errors import SourceError
from fer_edge.stream.records import Shot

PREFIX = "picamera"
SIZE = (640, 480)
FRAMES_PER_SECOND = 30.0

NOT_INSTALLED = (
    "picamera2 is not installed: 'sudo apt install python3-picamera2', and make the virtual environment with "
    "'python3 -m venv --system-site-packages .venv'."
)


def is_picamera(address: object) -> bool:
    """Return whether a source names a camera of picamera2: "picamera", or "picamera:1" for the second."""
    return isinstance(address, str) and (address == PREFIX or address.startswith(f"{PREFIX}:"))


class PiCamera:
    """A camera at the CSI connector, opened by picamera2.

    Args:
        address: "picamera", or "picamera:N".

    Attributes:
        frame_count: 0, since a camera has no end.
        frames_per_second: asked for.

    Raises:
        SourceError: picamera2 is not installed, there is no such camera, or another program uses it.
    """

    frame_count = 0
    frames_per_second = FRAMES_PER_SECOND

    def __init__(self, address: str) -> None:
        number = _number(address)
        try:
            from picamera2 import Picamera2
        except ImportError as error:
            raise SourceError(NOT_INSTALLED) from error
        try:
            self._camera: Any = Picamera2(number)
            # What libcamera calls RGB888 has its bytes in the order blue, green, red: OpenCV's.
            settings = {"format": "RGB888", "size": SIZE}
            self._camera.configure(
                self._camera.create_video_configuration(main=settings, controls={"FrameRate": FRAMES_PER_SECOND})
            )
            self._camera.start()
        except (RuntimeError, IndexError, OSError) as error:  # IndexError: no camera of this number
            raise SourceError(
                f"{address}: no camera, or another program uses it ({str(error).rstrip('.') or type(error).__name__}). "
                "'rpicam-hello --list-cameras' lists them."
            ) from error

    def read(self) -> Shot | None:
        """Return the next frame; None when the camera is lost."""
        try:
            picture = self._camera.capture_array("main")
        except (RuntimeError, OSError):
            return None
        return np.asarray(picture, np.uint8), 0.0

    def release(self) -> None:
        """Stop the camera and leave it to others."""
        self._camera.stop()
        self._camera.close()


def _number(address: str) -> int:
    text = address.partition(":")[2] or "0"
    if not text.isdecimal():
        raise SourceError(f"{address}: expected picamera, or picamera:1 for the second camera.")
    return int(text)
