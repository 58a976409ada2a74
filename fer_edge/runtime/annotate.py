"""Draw boxes and labels onto a picture."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.runtime.preprocess import to_bgr
from fer_edge.runtime.stream_types import TrackedFace
from fer_edge.types import Box, FaceEmotion

Picture = npt.NDArray[np.uint8]

COLOUR = (60, 200, 255)  # BGR: amber, legible on skin and on dark backgrounds


def annotate(picture: Picture, faces: Iterable[FaceEmotion]) -> Picture:
    """Return a BGR copy of a picture (grey, BGR or BGRA) with a box and "label score %" for each face."""
    canvas = _canvas(picture)
    for face in faces:
        _draw(canvas, face.box, f"{face.prediction.label} {face.prediction.score:.0%}")
    return canvas


def annotate_tracked(picture: Picture, faces: Iterable[TrackedFace]) -> Picture:
    """Return a BGR copy of a picture (grey, BGR or BGRA) with a box and "id emotion" for each face."""
    canvas = _canvas(picture)
    for face in faces:
        _draw(canvas, face.box, f"{face.id} {face.emotion or '...'}")
    return canvas


def _canvas(picture: Picture) -> Picture:
    """Return a BGR copy laid out row by row, as OpenCV wants it for drawing."""
    return np.array(to_bgr(picture), order="C")


def _draw(canvas: Picture, box: Box, text: str) -> None:
    """Draw a box with a text above it, or below where there is no room."""
    thickness = max(1, round(min(canvas.shape[:2]) / 300))
    scale = min(canvas.shape[:2]) / 700
    cv2.rectangle(canvas, (box.x, box.y), (box.x + box.width, box.y + box.height), COLOUR, thickness)
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thickness)
    below = box.y < height + 3 * thickness
    baseline = box.y + box.height + height + 2 * thickness if below else box.y - 2 * thickness
    corner = (box.x, baseline - height - 2 * thickness)
    cv2.rectangle(canvas, corner, (box.x + width, baseline + 2 * thickness), COLOUR, cv2.FILLED)
    cv2.putText(canvas, text, (box.x, baseline), cv2.FONT_HERSHEY_SIMPLEX, scale, (0, 0, 0), thickness, cv2.LINE_AA)
