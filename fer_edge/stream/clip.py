"""Writes a stream as a video."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge.errors import OutputError

CODECS = {".mp4": "mp4v", ".m4v": "mp4v", ".mkv": "mp4v", ".avi": "MJPG"}
"""By suffix: what OpenCV's wheels can encode without further libraries."""

MAX_REPEATS = 250
"""Of one frame, where a camera was silent: the clip goes on instead of standing still for hours."""


class ClipWriter:
    """Writes frames at a constant rate: one that stayed longer, as live ones may, is written more often.

    Args:
        path: named after one of `CODECS`.
        frames_per_second: of the clip.

    Raises:
        OutputError: another suffix, or OpenCV cannot encode it.
    """

    def __init__(self, path: Path, frames_per_second: float) -> None:
        check_clip_name(path)
        self._path = path
        self._rate = min(max(frames_per_second, 1.0), 120.0)
        self._start: float | None = None
        self._written = 0
        self._size: tuple[int, int] | None = None

    def write(self, picture: npt.NDArray[np.uint8], seconds: float) -> None:
        """Add a BGR picture that was taken at `seconds`, on the clock of the stream."""
        import cv2

        if self._size is None:
            self._size = (picture.shape[1], picture.shape[0])
            code = cv2.VideoWriter.fourcc(*CODECS[self._path.suffix.lower()])
            self._writer = cv2.VideoWriter(str(self._path), code, self._rate, self._size)
            if not self._writer.isOpened():
                raise OutputError(f"{self._path}: OpenCV cannot write {self._path.suffix} videos here; try .avi.")
            self._start = seconds
        assert self._start is not None
        if (picture.shape[1], picture.shape[0]) != self._size:  # a camera may change its mode
            picture = cv2.resize(picture, self._size).astype(np.uint8, copy=False)
        due = round((seconds - self._start) * self._rate) + 1
        for _ in range(min(max(0, due - self._written), MAX_REPEATS)):
            self._writer.write(picture)
        self._written = max(due, self._written)

    def close(self) -> None:
        """Finish the file."""
        if self._size is not None:
            self._writer.release()


def check_clip_name(path: Path) -> None:
    """Check that a clip can have this name.

    Raises:
        OutputError: its suffix is none of `CODECS`.
    """
    if path.suffix.lower() not in CODECS:
        raise OutputError(f"{path}: expected a video named {', '.join(CODECS)}.")
