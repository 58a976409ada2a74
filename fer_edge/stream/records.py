"""What a stream hands out; apart from `fer_edge.types`, so that an app without a stream does not load it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fer_edge.types import FaceEmotion

Shot = tuple[npt.NDArray[np.uint8], float]
"""A BGR picture, and its position in the video in seconds, where the source tells."""


@dataclass(frozen=True)
class Frame:
    """A picture (uint8, H x W x 3 in BGR, or grey) and when it was taken, in seconds."""

    picture: npt.NDArray[np.uint8]
    seconds: float


@dataclass(frozen=True)
class TrackedFace(FaceEmotion):
    """A face that is followed from frame to frame; `prediction` is smoothed over time.

    Attributes:
        id: 1, 2, ...: the same for one face as long as it is followed.
        emotion: the emotion that events have reported; None in the first moments of a face. It changes
            less readily than `prediction.label`, the most probable emotion of this very frame.
    """

    id: int
    emotion: str | None


@dataclass(frozen=True)
class EmotionEvent:
    """A face's emotion has changed.

    Attributes:
        seconds: when, on the clock of the frames; see `StreamResult`.
        face: the id of the face.
        emotion: what it shows now.
        previous: what it showed before; None for a new face.
        score: the smoothed probability of `emotion`, 0..1.
    """

    seconds: float
    face: int
    emotion: str
    previous: str | None
    score: float


@dataclass(frozen=True)
class StreamResult:
    """One frame of a stream, and what was seen in it.

    Attributes:
        number: 0, 1, ...: counts the frames that were served.
        seconds: when the frame was taken: in a video file its position, else since the start.
        picture: uint8, H x W x 3 (BGR), or as the iterator gave it.
        faces: the faces that were found in this frame, largest first.
        events: the emotions that changed with this frame.
        analysis_seconds: how long it took to find and read the faces.
    """

    number: int
    seconds: float
    picture: npt.NDArray[np.uint8]
    faces: tuple[TrackedFace, ...]
    events: tuple[EmotionEvent, ...]
    analysis_seconds: float = 0.0
