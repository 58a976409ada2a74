"""Draw boxes and labels onto a picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.colours import to_bgr_colour
from fer_edge.runtime.pictures import to_picture
from fer_edge.runtime.preprocess import to_bgr
from fer_edge.text import printable
from fer_edge.types import Box, FaceEmotion

if TYPE_CHECKING:
    from fer_edge.runtime.pictures import PictureSource

Picture = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]

FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True)
class Label:
    """A box in a picture, the text that belongs to it, and the emotion whose colour both have."""

    box: Box
    text: str
    emotion: str = ""


def annotate(picture: PictureSource, faces: Iterable[FaceEmotion], *, rgb: bool = False) -> Picture:
    """Return a BGR copy of a picture with a box and "label score %" for each face, in the emotion's colour.

    A face that is turned far to a side is said to be.

    Args:
        picture: whatever `FaceAnalyzer.analyze` takes.
        faces: what it returned.
        rgb: the array is RGB.
    """
    labels = [Label(face.box, _describe(face), face.prediction.label) for face in faces]
    return draw_labels(to_picture(picture, rgb=rgb), labels)


def _describe(face: FaceEmotion) -> str:
    return f"{face.prediction.label} {face.prediction.score:.0%}{', turned' if face.turned else ''}"


def draw_labels(picture: Picture, labels: Iterable[Label]) -> Picture:
    """Return a BGR copy of a picture (grey, BGR or BGRA) with each box and its text; no text covers another."""
    canvas = np.array(to_bgr(picture), order="C")  # OpenCV draws on rows that lie one after the other
    pen = _Pen(canvas)
    labels = list(labels)
    for label in labels:
        pen.draw_box(label)
    for label in labels:
        pen.draw_text(label)
    return canvas


class _Pen:
    """Draws in a size that suits the picture, and remembers where text is already."""

    def __init__(self, canvas: Picture) -> None:
        self._canvas = canvas
        self._height, self._width = canvas.shape[:2]
        shorter = min(self._height, self._width)
        self._thickness = max(1, round(shorter / 300))
        self._scale = shorter / 700
        self._taken: list[Box] = []

    def draw_box(self, label: Label) -> None:
        box = label.box
        corners = (box.x, box.y), (box.x + box.width, box.y + box.height)
        cv2.rectangle(self._canvas, *corners, _colour(label.emotion), self._thickness)

    def draw_text(self, label: Label) -> None:
        text = printable(label.text)  # OpenCV crashes on half a character
        (width, height), _ = cv2.getTextSize(text, FONT, self._scale, self._thickness)
        pad = 2 * self._thickness
        place = self._find_place(label.box, width, height + 2 * pad)
        self._taken.append(place)
        colour = _colour(label.emotion)
        end = (place.x + place.width, place.y + place.height)
        cv2.rectangle(self._canvas, (place.x, place.y), end, colour, cv2.FILLED)
        ink = (0, 0, 0) if _luminance(colour) > 110 else (255, 255, 255)
        baseline = (place.x, place.y + place.height - pad)
        cv2.putText(self._canvas, text, baseline, FONT, self._scale, ink, self._thickness, cv2.LINE_AA)

    def _find_place(self, box: Box, width: int, height: int) -> Box:
        """Return where a text goes: above its box, else below, else inside, else the next free line downwards.

        It stays in the picture where it fits, and off other texts while there is room.
        """
        left = max(0, min(box.x, self._width - width))
        bottom = box.y + box.height
        tops = [box.y - height, bottom, box.y, *range(bottom + height, self._height - height, height)]
        tops += range(0, self._height - height, height)
        for top in tops:
            place = Box(left, top, width, height)
            inside = top >= 0 and top + height <= self._height
            if inside and not any(_overlap(place, other) for other in self._taken):
                return place
        return Box(left, max(0, min(box.y, self._height - height)), width, height)


def _overlap(first: Box, second: Box) -> bool:
    apart_x = first.x + first.width <= second.x or second.x + second.width <= first.x
    apart_y = first.y + first.height <= second.y or second.y + second.height <= first.y
    return not (apart_x or apart_y)


def _colour(emotion: str) -> Colour:
    return to_bgr_colour(emotion)


def _luminance(colour: Colour) -> float:
    """Return how bright a BGR colour looks, 0..255 (ITU-R BT.601)."""
    blue, green, red = colour
    return 0.114 * blue + 0.587 * green + 0.299 * red
