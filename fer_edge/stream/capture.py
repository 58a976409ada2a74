"""Where frames come from: cameras, addresses, video files, and iterators of the caller's own.

A live source (camera, address) is read by a thread that keeps only the newest frame, so that a slow
consumer sees the present. A video file and an iterator are read frame by frame: nothing is dropped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy.typing as npt

from fer_edge.errors import SourceError
from fer_edge.stream.camera import Camera, FrameSource, NewestFrame
from fer_edge.stream.picamera import is_picamera
from fer_edge.stream.records import Frame
from fer_edge.stream.video import Capture, describe, is_pipeline
from fer_edge.stream.video import open_capture as open_any

Source = int | str | Path | Iterable[npt.NDArray[Any] | Frame]
"""A camera index, "picamera", an address such as rtsp://..., a pipeline of GStreamer, a video file, or frames."""


def open_source(
    source: Source,
    *,
    live: bool | None,
    notify: Callable[[str], None],
    clock: Callable[[], float],
    open_capture: Callable[[int | str], Capture] = open_any,
) -> tuple[FrameSource, bool]:
    """Open a source; return it, and whether it is served live.

    Args:
        source: see `Source`.
        live: True serves the newest frame and drops older ones, False serves every frame, None
            decides by the source.
        notify: receives one sentence on what happens to the source.
        clock: seconds that only go forward; stamps the frames of cameras and iterators.
        open_capture: opens what OpenCV reads.

    Raises:
        SourceError: it cannot be opened, or gives no frame.
        TypeError: not a source.
    """
    stop = threading.Event()
    frames: FrameSource
    if isinstance(source, int | str | Path):
        address = _check_address(source)
        capture = open_capture(address)
        if _has_an_end(address, capture):
            frames = Recording(capture, describe(address), notify)
        else:
            frames = Camera(address, capture, stop=stop, open_capture=open_capture, notify=notify, clock=clock)
    elif isinstance(source, Iterable):
        frames = GivenFrames(source, clock)
    else:
        raise TypeError(f"expected a camera index, path, address or iterable of frames, got {type(source).__name__}")
    is_live = isinstance(frames, Camera) if live is None else live
    return (NewestFrame(frames, stop) if is_live else frames), is_live


def _check_address(source: int | str | Path) -> int | str:
    """Return what OpenCV opens; give the plain reasons why a file is no video."""
    if isinstance(source, int):
        return source
    if "://" in str(source) or is_pipeline(source) or is_picamera(source):
        return str(source)
    path = Path(source)
    if not path.exists():
        raise SourceError(f"{path}: no such file. For a camera, give its number, such as 0.")
    if path.is_dir():
        raise SourceError(f"{path} is a folder; expected a video file.")
    if path.is_file() and path.stat().st_size == 0:
        raise SourceError(f"{path} is empty; expected a video file.")
    return str(path)


def _has_an_end(address: int | str, capture: Capture) -> bool:
    """Tell a recording from a camera: a file, or an address whose length is known."""
    if isinstance(address, int) or is_pipeline(address):
        return False
    return Path(address).is_file() or capture.frame_count > 0


class GivenFrames(FrameSource):
    """Frames of the caller's own; arrays are stamped with the clock when they arrive."""

    def __init__(self, frames: Iterable[npt.NDArray[Any] | Frame], clock: Callable[[], float]) -> None:
        self._frames = iter(frames)
        self._clock = clock
        self._start = clock()

    def __next__(self) -> Frame:
        item = next(self._frames)
        return item if isinstance(item, Frame) else Frame(item, self._clock() - self._start)

    def close(self) -> None:
        """Let go of the iterator; closing it is its owner's business."""
        self._frames = iter(())


class Recording(FrameSource):
    """A video with an end, frame by frame, with its own timestamps."""

    def __init__(self, capture: Capture, name: str, notify: Callable[[str], None]) -> None:
        self._capture: Capture | None = capture
        self._name = name
        self._notify = notify
        self._count = 0
        self._seconds = -1.0
        self.frame_count = capture.frame_count
        self.frames_per_second = capture.frames_per_second

    def __next__(self) -> Frame:
        if self._capture is None:
            raise StopIteration
        shot = self._capture.read()
        if shot is None:
            self._tell_if_short(self._capture.frame_count)
            self.close()
            raise StopIteration
        picture, seconds = shot
        if seconds <= self._seconds:  # a file without usable timestamps
            seconds = self._seconds + 1 / self._capture.frames_per_second
        self._count, self._seconds = self._count + 1, seconds
        return Frame(picture, seconds)

    def close(self) -> None:
        """Close the file."""
        if self._capture is not None:
            self._capture.release()
        self._capture = None

    def _tell_if_short(self, expected: int) -> None:
        if self._count < 0.9 * expected:  # many files only estimate their length
            self._notify(f"{self._name} ended after {self._count} of {expected} frames; it may be damaged.")
