"""How the faces of a picture look in a notebook: each beside a bar for every emotion."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.notebook import bars
from fer_edge.runtime.framing import Framing, cut_face
from fer_edge.runtime.preprocess import encode_picture, to_bgr

if TYPE_CHECKING:
    from fer_edge.types import FaceEmotion

THUMBNAIL = 120
"""Edge in pixels of a face."""


def gallery(picture: npt.NDArray[np.uint8], faces: Sequence[FaceEmotion]) -> str:
    """Return each face of a picture beside its bars."""
    if not faces:
        return "<p>no face found</p>"
    cards = "".join(
        '<div style="display:flex;align-items:center;gap:8px;margin:4px">'
        f'<img alt="{escape(face.prediction.label)}" src="{_thumbnail(picture, face)}">{bars(face.prediction)}</div>'
        for face in faces
    )
    return f'<div style="display:flex;flex-wrap:wrap">{cards}</div>'


def _thumbnail(picture: npt.NDArray[np.uint8], face: FaceEmotion) -> str:
    """Return a face as a data URI."""
    crop = np.ascontiguousarray(to_bgr(cut_face(picture, face.box, Framing(margin=0.1))))
    small = cv2.resize(crop, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return f"data:image/jpeg;base64,{base64.b64encode(encode_picture(small, '.jpg')).decode('ascii')}"
