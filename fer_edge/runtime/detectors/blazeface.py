"""BlazeFace through the TFLite interpreter: for devices whose OpenCV cannot run YuNet.

Anchors, decoding and weighted suppression follow MediaPipe's calculators SsdAnchors, TensorsToDetections and
NonMaxSuppression (Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.errors import ModelError
from fer_edge.runtime.detectors.base import Find, Picture, ScaledDetector, read_file, shrink
from fer_edge.runtime.framing import Framing
from fer_edge.runtime.interpreter import load_interpreter
from fer_edge.runtime.preprocess import to_bgr
from fer_edge.types import FACE_SIZE

Values = npt.NDArray[np.float32]

GRIDS = {896: ((16, 2), (8, 6)), 2304: ((48, 1),)}
"""Anchors of a network -> (cells along an edge, anchors in a cell): short range (and back camera), full range."""

VALUES = 16
"""Of an anchor: centre, size and six points. The points are right eye, left eye, nose, mouth and two ears."""

FRAMINGS = {896: Framing(margin=0.05, down=-0.1), 2304: Framing(margin=0.07, down=-0.05)}
"""Medians over scenes made of FER2013's faces, see docs/lab-notes.md."""

SUPPRESSED_OVERLAP = 0.3
"""Intersection over union from which on two finds are one face."""

TFLITE_MARK = b"TFL3"


class BlazeFaceDetector(ScaledDetector):
    """MediaPipe's face detector, short or full range: needs a TFLite interpreter, and OpenCV only to scale pictures.

    Its weights are not part of fer-edge; docs/faces.md names packages that bring them. The picture goes into a
    square of 128 or 192 pixels, so small faces in large pictures are missed. Its boxes carry eyes and nose. One
    instance may be shared by threads: detections take turns.

    Args:
        model: the .tflite file.
        min_size: see `ScaledDetector`.
        min_confidence: 0..1; less sure finds are left out.

    Raises:
        ModelError: the file is missing, damaged, or no BlazeFace.
    """

    def __init__(self, model: Path | str, *, min_size: int = FACE_SIZE, min_confidence: float = 0.5) -> None:
        if not 0 <= min_confidence <= 1:
            raise ValueError(f"expected min_confidence of 0 to 1, got {min_confidence}")
        self._interpreter = _load(Path(model))
        self._input, shape = _single_input(self._interpreter)
        self._edge = shape[1]
        outputs = {tuple(int(n) for n in d["shape"]): d["index"] for d in self._interpreter.get_output_details()}
        anchors = next((count for count in GRIDS if {(1, count, VALUES), (1, count, 1)} == set(outputs)), None)
        if anchors is None or shape != (1, self._edge, self._edge, 3):
            raise ModelError(f"Expected BlazeFace as a .tflite file, but {model} is another network.")
        self._values, self._scores = outputs[1, anchors, VALUES], outputs[1, anchors, 1]
        self._anchors = make_anchors(anchors)
        self.framing = FRAMINGS[anchors]  # the networks frame faces differently
        self.near_edge = self._edge
        self._min_confidence = min_confidence
        self._lock = threading.Lock()
        super().__init__(min_size=min_size, longest_edge=self._edge)

    def _find(self, picture: Picture, min_size: float) -> Iterator[Find]:
        square = letterbox(to_bgr(picture), self._edge)
        with self._lock:
            self._interpreter.set_tensor(self._input, square[np.newaxis])
            self._interpreter.invoke()
            values = self._interpreter.get_tensor(self._values)[0]
            scores = self._interpreter.get_tensor(self._scores)[0, :, 0]
        # Padding lies right and below, so the square's pixels are the picture's; see `letterbox`.
        return decode(values, scores, self._anchors, self._edge, self._min_confidence)


def make_anchors(count: int) -> Values:
    """Return the middles of all anchors, count x 2, as fractions of the input's edge."""
    middles = []
    for cells, repeats in GRIDS[count]:
        steps = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        grid = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)  # row by row; x before y
        middles.append(grid.repeat(repeats, axis=0))
    return np.concatenate(middles).astype(np.float32)


def letterbox(colour: Picture, edge: int) -> Values:
    """Return a BGR picture as the network wants it: RGB, -1..1, edge x edge, padded right and below with black."""
    colour = shrink(colour, edge / max(colour.shape[:2]))
    square = np.full((edge, edge, 3), -1, np.float32)
    square[: colour.shape[0], : colour.shape[1]] = colour[..., ::-1].astype(np.float32) / 127.5 - 1
    return square


def decode(values: Values, scores: Values, anchors: Values, edge: int, min_confidence: float) -> Iterator[Find]:
    """Yield the faces in a network's outputs, the most certain first.

    Args:
        values: anchors x 16, in pixels of the input, relative to the anchor.
        scores: anchors, logits.
        anchors: see `make_anchors`.
        edge: of the input in pixels.
        min_confidence: 0..1.
    """
    confidences = 1 / (1 + np.exp(-np.clip(scores.astype(np.float64), -80, 80)))
    kept = np.flatnonzero(confidences >= min_confidence)
    kept = kept[np.argsort(-confidences[kept], kind="stable")]
    points = values[kept].astype(np.float64).reshape(-1, VALUES // 2, 2)
    middles = anchors[kept, np.newaxis].astype(np.float64) * edge
    points[:, :1] += middles
    points[:, 2:] += middles
    corners = np.concatenate([points[:, 0] - points[:, 1] / 2, points[:, 0] + points[:, 1] / 2], axis=1)
    confidences = confidences[kept]
    sound = (points[:, 1] > 0).all(axis=1) & np.isfinite(points).all(axis=(1, 2))
    left = np.flatnonzero(sound)
    while left.size:
        alike = overlaps(corners[left[0]], corners[left]) > SUPPRESSED_OVERLAP
        alike[0] = True
        group, left = left[alike], left[~alike]
        box = np.average(corners[group], axis=0, weights=confidences[group])
        face = np.average(points[group, 2:5], axis=0, weights=confidences[group])
        left_edge, top, right, bottom = (float(value) for value in box)
        yield Find(left_edge, top, right - left_edge, bottom - top, float(confidences[group[0]]), face)


def overlaps(corners: npt.NDArray[np.float64], others: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return intersection over union of a box (left, top, right, bottom) with each of N x 4 others."""
    size = np.minimum(corners[2:], others[:, 2:]) - np.maximum(corners[:2], others[:, :2])
    common = size.clip(0).prod(axis=1)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1)
    result: npt.NDArray[np.float64] = common / ((corners[2:] - corners[:2]).prod() + areas - common)
    return result


def is_tflite(path: Path) -> bool:
    """Return whether a file says of itself that it is a TFLite model."""
    try:
        with path.open("rb") as file:
            return file.read(8)[4:] == TFLITE_MARK
    except OSError:
        return False


def _load(path: Path) -> Any:
    content = read_file(path, "BlazeFace as a .tflite file")
    if content[4:8] != TFLITE_MARK:
        raise ModelError(f"Expected BlazeFace as a .tflite file, but {path} is damaged or of another kind.")
    try:
        return load_interpreter(content, threads=1)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def _single_input(interpreter: Any) -> tuple[int, tuple[int, ...]]:
    """Return index and shape of the input; a shape of zeros where it is not the one float32 input expected."""
    details = interpreter.get_input_details()
    shape = tuple(int(n) for n in details[0]["shape"])
    if len(details) != 1 or details[0]["dtype"] is not np.float32 or len(shape) != 4:
        return 0, (0, 0, 0, 0)
    return int(details[0]["index"]), shape
