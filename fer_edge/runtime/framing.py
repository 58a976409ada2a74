"""What the classifier sees of a face: a square around its box, turned upright by the eyes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.errors import ImageError
from fer_edge.runtime.preprocess import to_grey
from fer_edge.types import FACE_SIZE, Box

Picture = npt.NDArray[np.uint8]

LEAST_ROLL_DEGREES = 15.0
"""Faces that lean less are cut straight: the networks were trained on faces turned by up to so much, and nothing was
gained by turning such faces back (docs/faces.md)."""

MOST_ROLL_DEGREES = 60.0
"""Beyond it the eyes were taken for each other, or the face lies on its side and its box is no guide."""

WORKING_EDGE = 3 * FACE_SIZE
"""Pixels to which a leaning face is shrunk before it is turned: enough detail, and a whole factor of the input."""


@dataclass(frozen=True)
class Framing:
    """How a detector's boxes relate to FER2013's crops, in fractions of the longer side of a box.

    Attributes:
        margin: what the crop has beyond the box at each end; negative cuts off.
        down: how far the middle of the crop lies below that of the box; negative for above.
    """

    margin: float = 0.0
    down: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.margin) and self.margin > -0.5 and math.isfinite(self.down)):
            raise ValueError(f"expected a margin above -0.5, got {self.margin} (and down: {self.down})")


def cut_face(picture: npt.NDArray[Any], box: Box, framing: Framing) -> Picture:
    """Return the square of a picture that shows a face: a view where it can be, grey where it was turned.

    Args:
        picture: uint8, grey (H x W), BGR (H x W x 3) or BGRA (H x W x 4).
        box: the face. If it carries landmarks and leans by more than `LEAST_ROLL_DEGREES`, the crop is turned.
        framing: of the detector that gave the box.

    Raises:
        ImageError: the box has no pixel of the picture.
    """
    square = face_square(box, framing, picture.shape[0], picture.shape[1])
    roll = box.landmarks.roll_degrees if box.landmarks else 0.0
    if LEAST_ROLL_DEGREES <= abs(roll) <= MOST_ROLL_DEGREES:
        return _turn_upright(picture, square, roll)
    return picture[square.y : square.y + square.height, square.x : square.x + square.width]


def face_square(box: Box, framing: Framing, height: int, width: int) -> Box:
    """Return the upright square that the classifier sees of a face: around its box, inside the picture.

    Its edge is the longer side of the box plus the margin at both ends. At the picture's border the
    square moves inwards, and only a picture smaller than the square makes it smaller.

    Args:
        box: the face.
        framing: of the detector that gave the box.
        height: of the picture in pixels.
        width: of the picture in pixels.

    Raises:
        ImageError: the box has no pixel of the picture.
    """
    inside = box.x < width and box.y < height and box.x + box.width > 0 and box.y + box.height > 0
    if not inside or box.width < 1 or box.height < 1:
        raise ImageError(f"Expected a box that overlaps the {width}x{height} picture, got {box}.")
    longer = max(box.width, box.height)
    edge = max(1, min(round(longer * (1 + 2 * framing.margin)), height, width))
    left = round(box.x + (box.width - edge) / 2)
    top = round(box.y + (box.height - edge) / 2 + longer * framing.down)
    return Box(min(max(left, 0), width - edge), min(max(top, 0), height - edge), edge, edge)


def _turn_upright(picture: npt.NDArray[Any], square: Box, roll_degrees: float) -> Picture:
    """Return the square, turned about its middle by the face's roll; grey, at most `WORKING_EDGE` pixels.

    Only the part of the picture that the turned square covers is converted. Beyond the picture's border its
    outermost pixels go on.
    """
    import cv2

    reach = math.ceil(square.width * 0.71) + 1  # half the diagonal: whatever the angle
    centre_x, centre_y = square.x + (square.width - 1) / 2, square.y + (square.height - 1) / 2
    left, top = max(0, int(centre_x) - reach), max(0, int(centre_y) - reach)
    part = to_grey(picture[top : int(centre_y) + reach + 1, left : int(centre_x) + reach + 1])
    middle = np.array([centre_x - left, centre_y - top])
    edge = square.width
    if edge > WORKING_EDGE:
        scale = WORKING_EDGE / edge
        size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
        middle = (middle + 0.5) * [size[0] / part.shape[1], size[1] / part.shape[0]] - 0.5
        part = cv2.resize(part, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        edge = WORKING_EDGE
    turn = cv2.getRotationMatrix2D((float(middle[0]), float(middle[1])), roll_degrees, 1.0)
    turn[:, 2] = turn[:, 2] + (edge - 1) / 2 - middle
    turned = cv2.warpAffine(part, turn, (edge, edge), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return turned.astype(np.uint8, copy=False)
