"""Draw boxes and labels onto a picture."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.types import FaceEmotion

COLOUR = (60, 200, 255)  # BGR: amber, legible on skin and on dark backgrounds


def annotate(picture: npt.NDArray[np.uint8], faces: list[FaceEmotion]) -> npt.NDArray[np.uint8]:
    """Return a copy of a BGR picture with a box and "label score %" for each face."""
    canvas = picture.copy()
    thickness = max(1, round(min(canvas.shape[:2]) / 300))
    scale = min(canvas.shape[:2]) / 700
    for face in faces:
        box = face.box
        cv2.rectangle(canvas, (box.x, box.y), (box.x + box.width, box.y + box.height), COLOUR, thickness)
        text = f"{face.prediction.label} {face.prediction.score:.0%}"
        (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thickness)
        below = box.y < height + 3 * thickness
        baseline = box.y + box.height + height + 2 * thickness if below else box.y - 2 * thickness
        corner = (box.x, baseline - height - 2 * thickness)
        cv2.rectangle(canvas, corner, (box.x + width, baseline + 2 * thickness), COLOUR, cv2.FILLED)
        cv2.putText(canvas, text, (box.x, baseline), cv2.FONT_HERSHEY_SIMPLEX, scale, (0, 0, 0), thickness, cv2.LINE_AA)
    return canvas
