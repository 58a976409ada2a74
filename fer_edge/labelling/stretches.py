"""Videos, cut at key frames: any stretch can then be decoded without what comes before it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.errors import FerEdgeError, ImageError
from fer_edge.labelling.addresses import file_system, is_address

VIDEO_SUFFIXES = frozenset({".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".3gp"})

STRETCH_SECONDS = 20.0
"""A stretch is so long at least: short enough to share a film among many workers, long enough to pay for the seek."""


def split_video(source: str) -> list[tuple[float, float | None]]:
    """Return (start, end) in seconds of the stretches of a video; the last one has no end.

    Raises:
        ImageError: not a video, or without a picture.
        FerEdgeError: PyAV is not installed.
    """
    starts = [0.0]
    with _opened(source) as (container, stream):
        base = float(stream.time_base)
        for packet in container.demux(stream):
            if packet.pts is None or not packet.is_keyframe:
                continue
            seconds = packet.pts * base
            if seconds - starts[-1] >= STRETCH_SECONDS:
                starts.append(seconds)
    ends = [*starts[1:], None]
    return list(zip(starts, ends, strict=True))


def read_stretch(
    source: str, start: float, end: float | None, rate: float
) -> Iterator[tuple[int, float, npt.NDArray[np.uint8]]]:
    """Yield (frame, seconds, picture in BGR) of the chosen frames of a stretch.

    Args:
        source: path or address.
        start: where the stretch begins, in seconds: a key frame.
        end: where it ends; None for the end of the video.
        rate: frames a second to choose; the first frame at or after each multiple of 1 / rate.

    Raises:
        ImageError: damaged, or not a video.
    """
    with _opened(source) as (container, stream):
        base = float(stream.time_base)
        step = 1 / float(stream.average_rate or 25)
        if start > 0:
            container.seek(round(start / base), stream=stream)
        for frame in container.decode(stream):
            if frame.pts is None:
                continue
            seconds = frame.pts * base
            if seconds < start - step / 2:
                continue
            if end is not None and seconds >= end - step / 2:
                return
            # A frame is chosen by its own time alone, so that the cuts do not change which ones are.
            if math.floor(seconds * rate + 1e-6) != math.floor((seconds - step) * rate + 1e-6):
                yield round(seconds / step), seconds, frame.to_ndarray(format="bgr24")


@contextlib.contextmanager
def _opened(source: str) -> Iterator[tuple[Any, Any]]:
    """Yield PyAV's container and its video stream; whatever PyAV complains of becomes one sentence."""
    try:
        import av
    except ImportError as error:
        raise FerEdgeError(f"{source} is a video, which needs PyAV: pip install '.[label]'.") from error
    with contextlib.ExitStack() as stack:
        try:
            opened: Any = source
            if is_address(source):
                filesystem, path = file_system(source)
                opened = stack.enter_context(filesystem.open(path, "rb"))
            container = stack.enter_context(av.open(opened))
            if not container.streams.video:
                raise ImageError(f"{source}: holds no video")
            stream = container.streams.video[0]
            yield container, stream
        except (av.FFmpegError, OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ImageError(f"{source}: {reason[:1].lower()}{reason[1:]}") from error
