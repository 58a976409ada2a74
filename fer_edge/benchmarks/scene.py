"""A frame with faces, made of one photograph: the same pixels on every device.

How long it takes to find faces depends on the picture: a cascade takes three to four times as long for a
photograph as for a drawing. So the photograph is a real one: the astronaut Eileen Collins, by NASA, in the public
domain, as scikit-image has it (`astronaut.jpg`, 512x512).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge.types import Box

WIDTH, HEIGHT = 640, 480
PHOTOGRAPH = Path(__file__).parents[1] / "assets" / "astronaut.jpg"
FACE = Box(174, 68, 100, 112)
"""The photograph's face."""

WITH_FACE = (0, 0, 512, 384)
WITHOUT_FACE = (0, 240, 512, 512)
"""Left, top, right and bottom of what is shown of the photograph."""

GRIDS = {0: (1, 1), 1: (1, 1), 2: (2, 1), 4: (2, 2), 5: (3, 2), 8: (4, 2)}
"""Faces in a frame -> columns and rows of the copies of the photograph; of five faces, one copy shows none."""

Picture = npt.NDArray[np.uint8]


def make_frame(faces: int, *, width: int = WIDTH, height: int = HEIGHT) -> tuple[Picture, list[Box]]:
    """Return a BGR frame (height x width x 3, uint8) with 0, 1, 2, 4, 5 or 8 faces, and where they are."""
    import cv2

    from fer_edge.runtime.preprocess import read_picture

    columns, rows = GRIDS[faces]
    photograph, frame, boxes = read_picture(PHOTOGRAPH), np.zeros((height, width, 3), np.uint8), []
    edges_x = np.linspace(0, width, columns + 1).round().astype(int).tolist()
    edges_y = np.linspace(0, height, rows + 1).round().astype(int).tolist()
    for index in range(columns * rows):
        column, row = index % columns, index // columns
        x, y = edges_x[column], edges_y[row]
        size = (edges_x[column + 1] - x, edges_y[row + 1] - y)
        left, top, right, bottom = _fit(WITH_FACE if index < faces else WITHOUT_FACE, size)
        part = photograph[top:bottom, left:right]
        # LINEAR_EXACT gives the same pixels on x86 and Arm; AREA, for shrinking, differs by one level at most.
        method = cv2.INTER_AREA if size[0] < part.shape[1] else cv2.INTER_LINEAR_EXACT
        frame[y : y + size[1], x : x + size[0]] = cv2.resize(part, size, interpolation=method)
        if index < faces:
            scale = (size[0] / part.shape[1], size[1] / part.shape[0])
            boxes.append(
                Box(
                    x + round((FACE.x - left) * scale[0]),
                    y + round((FACE.y - top) * scale[1]),
                    round(FACE.width * scale[0]),
                    round(FACE.height * scale[1]),
                )
            )
    return frame, boxes


def _fit(part: tuple[int, int, int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the largest part of that shape around the face's column, at the same top."""
    left, top, right, bottom = part
    aspect = size[0] / size[1]
    width, height = min(right - left, (bottom - top) * aspect), min(bottom - top, (right - left) / aspect)
    middle = FACE.x + FACE.width / 2
    start = round(min(max(left, middle - width / 2), right - width))
    return start, top, start + round(width), top + round(height)
