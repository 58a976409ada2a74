"""What `fer-edge predict` says of pictures: a row for each face, CSV, or JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fer_edge.output import console
from fer_edge.text import printable

if TYPE_CHECKING:
    from fer_edge.types import FaceEmotion

    Answer = tuple[str, Sequence[FaceEmotion]]
    """The name of a picture, and its faces."""
else:
    Answer = tuple

PLACE = ("x", "y", "width", "height")
LEAST_NAME = 12
OTHER_COLUMNS = len("  surprise, turned  100 %  1234, 1234, 1234 x 1234")


def faces_as_json(name: str, faces: Sequence[FaceEmotion]) -> dict[str, Any]:
    """Return what `fer-edge predict --json` prints for one picture."""
    return {"image": name, "faces": [face.as_dict() for face in faces]}


def faces_as_csv(answers: Sequence[Answer], labels: Sequence[str]) -> str:
    """Return a row for each face: picture, place, confidence, emotion, score, and the probability of each label."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["image", *PLACE, "confidence", "emotion", "score", *labels])
    for name, faces in answers:
        for face in faces:
            content = face.as_dict()
            confidence = "" if content["confidence"] is None else f"{content['confidence']:.3f}"
            figures = [content["score"], *content["probabilities"].values()]
            writer.writerow([name, *content["box"].values(), confidence, content["label"], *figures])
    return text.getvalue()


class FaceRows:
    """Prints a row for each face as soon as it is found, in columns that fit the terminal.

    Args:
        names: of all pictures, which say how wide their column is; longer ones lose their middle.
    """

    def __init__(self, names: Sequence[str]) -> None:
        room = max(LEAST_NAME, console.width() - OTHER_COLUMNS)
        self._width = min(room, max((len(printable(name)) for name in [*names, "image"]), default=0))
        self._print("image", "emotion", "score", "x, y, size")

    def print(self, name: str, faces: Sequence[FaceEmotion]) -> None:
        """Print what one picture shows."""
        for face in faces:
            box, answer = face.box, face.prediction
            emotion = answer.label + (", turned" if face.turned else "")
            self._print(name, emotion, f"{100 * answer.score:.0f} %", f"{box.x}, {box.y}, {box.width} x {box.height}")
        if not faces:
            self._print(name, "no face found", "", "")

    def _print(self, name: str, emotion: str, score: str, place: str) -> None:
        shown = shorten(printable(name), self._width)
        console.print_line(f"{shown:{self._width}}  {printable(emotion):16}  {score:>5}  {place}".rstrip())


def shorten(text: str, width: int) -> str:
    """Return a text without its middle if it is longer than `width`."""
    if len(text) <= width:
        return text
    end = (width - 3) * 2 // 3  # the end of a path says more than its start
    return f"{text[: width - 3 - end]}...{text[len(text) - end :]}"
