"""A drawn frame with faces: the same on every device, free of people, and found by face detectors.

Times of face detection depend on the picture, so devices can be compared only on the same one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fer_edge.types import Box

WIDTH, HEIGHT = 640, 480
FACE_EDGE = 200
"""Edge in pixels of the face in the frame of the bench."""

Picture = npt.NDArray[np.uint8]

_SKIN, _HAIR, _BROW, _SOCKET = (150, 175, 215), (40, 45, 60), (50, 60, 85), (95, 115, 150)
_EYE, _PUPIL, _NOSE, _NOSTRILS = (215, 225, 235), (30, 30, 40), (185, 205, 235), (105, 125, 165)
_LIPS, _MOUTH = (80, 80, 150), (50, 40, 80)

# Ellipses: centre, half axes (both as fractions of the box), colour in BGR. From back to front.
_FACE = [
    *[((0.5, 0.38), (0.50, 0.56), _HAIR), ((0.5, 0.55), (0.40, 0.54), _SKIN), ((0.5, 0.08), (0.36, 0.16), _HAIR)],
    *[((u, 0.34), (0.13, 0.045), _BROW) for u in (0.32, 0.68)],
    *[((u, 0.42), (0.12, 0.07), _SOCKET) for u in (0.32, 0.68)],
    *[((u, 0.425), (0.085, 0.045), _EYE) for u in (0.32, 0.68)],
    *[((u, 0.425), (0.042, 0.045), _PUPIL) for u in (0.32, 0.68)],
    *[((0.5, 0.55), (0.045, 0.13), _NOSE), ((0.5, 0.66), (0.09, 0.035), _NOSTRILS)],
    *[((0.5, 0.80), (0.17, 0.045), _LIPS), ((0.5, 0.795), (0.14, 0.012), _MOUTH)],
]


def draw_scene(boxes: list[Box], *, width: int = WIDTH, height: int = HEIGHT, seed: int = 0) -> Picture:
    """Return a BGR frame (height x width x 3, uint8) with a drawn face in each box.

    Args:
        boxes: squares about as a face detector puts them: from the brows' top to the chin.
        width: of the frame.
        height: of the frame.
        seed: of the blurred background.
    """
    import cv2

    coarse = np.random.default_rng(seed).integers(60, 150, (6, 8, 3), dtype=np.uint8)
    frame = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    for box in boxes:
        for (u, v), (a, b), colour in _FACE:
            centre = (round(box.x + u * box.width), round(box.y + v * box.width))
            axes = (max(1, int(a * box.width)), max(1, int(b * box.width)))
            cv2.ellipse(frame, centre, axes, 0, 0, 360, colour, -1, cv2.LINE_AA)
    return cv2.GaussianBlur(frame, (0, 0), 1).astype(np.uint8, copy=False)


def place_faces(count: int, *, width: int = WIDTH, height: int = HEIGHT) -> list[Box]:
    """Return `count` boxes (1, 2, 4 or 8) spread over a frame, as large as leaves room around them."""
    columns, rows = {1: (1, 1), 2: (2, 1), 4: (2, 2), 8: (4, 2)}[count]
    edge = int(min(FACE_EDGE * height / HEIGHT, 0.7 * width / columns, 0.62 * height / rows))
    centres = [((c + 0.5) * width / columns, (r + 0.5) * height / rows) for r in range(rows) for c in range(columns)]
    return [Box(int(x - edge / 2), int(y - edge / 2), edge, edge) for x, y in centres]
