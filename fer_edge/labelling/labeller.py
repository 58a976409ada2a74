"""One worker: it loads the model once and turns items into rows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.errors import ImageError
from fer_edge.labelling.addresses import is_address, read_bytes
from fer_edge.labelling.items import Item, Shard
from fer_edge.labelling.stretches import read_stretch
from fer_edge.types import FaceEmotion

Row = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """All that the rows depend on; a folder of results holds those of one set of settings.

    Attributes:
        model: a .tflite file or a bundled name.
        model_sha256: of its FlatBuffer.
        detector: "auto", "yunet", "haar" or a file.
        min_confidence: of the detector, 0..1; None for its own.
        video_rate: frames a second that are looked at in videos.
        version: of fer-edge.
    """

    model: str
    model_sha256: str
    detector: str
    min_confidence: float | None
    video_rate: float
    version: str

    def as_json(self) -> dict[str, Any]:
        """Return the settings for the record of a run."""
        return asdict(self)


@dataclass(frozen=True)
class Labelled:
    """What came of a shard.

    Attributes:
        name: of the shard.
        items: all of them, in order.
        rows: one a face, or one without a face for an item in which none was found.
        failures: (item, reason) of those that could not be read.
    """

    name: str
    items: tuple[Item, ...]
    rows: list[Row]
    failures: list[tuple[Item, str]]


class Labeller:
    """Loads the classifier and the detector once, for all shards that this worker gets.

    Raises:
        ModelError: the model cannot be loaded.
    """

    def __init__(self, settings: Settings) -> None:
        os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", "50000000")
        os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")
        import cv2

        from fer_edge.runtime import EmotionClassifier, FaceAnalyzer
        from fer_edge.runtime.detectors import load_detector

        cv2.setNumThreads(1)  # there is a worker for every core
        self._settings = settings
        self._classifier = EmotionClassifier(settings.model, threads=1)
        self.labels = self._classifier.labels
        detector = load_detector(settings.detector, min_confidence=settings.min_confidence)
        self._analyzer = FaceAnalyzer(self._classifier, detector)

    def label(self, shard: Shard) -> Labelled:
        """Return the rows of a shard; what cannot be read becomes a failure and spoils nothing else."""
        rows: list[Row] = []
        failures: list[tuple[Item, str]] = []
        for item in shard.items:
            try:
                rows += list(self._rows(item))
            except ImageError as error:
                failures.append((item, str(error)))
        return Labelled(shard.name, shard.items, rows, failures)

    def _rows(self, item: Item) -> list[Row]:
        if item.start is None:
            return self._rows_of_picture(item, _read_picture(item.source))
        rows: list[Row] = []
        for frame, seconds, picture in read_stretch(item.source, item.start, item.end, self._settings.video_rate):
            faces = self._analyzer.analyze(picture)
            rows += [self._row(item, index, face, frame, seconds) for index, face in enumerate(faces)]
        return rows or [self._row(item)]

    def _rows_of_picture(self, item: Item, picture: npt.NDArray[np.uint8]) -> list[Row]:
        faces = self._analyzer.analyze(picture)
        return [self._row(item, index, face) for index, face in enumerate(faces)] or [self._row(item)]

    def _row(
        self,
        item: Item,
        index: int | None = None,
        face: FaceEmotion | None = None,
        frame: int | None = None,
        seconds: float | None = None,
    ) -> Row:
        row: Row = {"path": item.source, "start": item.start, "frame": frame, "seconds": seconds, "face": index}
        if face is not None:
            box = face.box
            row |= {"x": box.x, "y": box.y, "width": box.width, "height": box.height, "confidence": box.confidence}
            row |= {"landmarks": list(_points(face)) or None, "turned": face.turned}
            row |= {"label": face.prediction.label}
            row |= {
                f"score_{name}": float(p) for name, p in zip(self.labels, face.prediction.probabilities, strict=True)
            }
        return row | {"model_sha256": self._settings.model_sha256, "version": self._settings.version}


def _read_picture(source: str) -> npt.NDArray[np.uint8]:
    """Return the picture at a path or an address (uint8, H x W x 3, BGR).

    Raises:
        ImageError: it cannot be read; the sentence names it.
    """
    from fer_edge.runtime.preprocess import decode_picture, read_picture

    if not is_address(source):
        return read_picture(Path(source))
    try:
        return decode_picture(read_bytes(source))
    except ImageError as error:
        raise ImageError(f"{source}: {error}") from error


def _points(face: FaceEmotion) -> Iterator[float]:
    """Yield x and y of right eye, left eye, nose and the corners of the mouth, as far as they are known."""
    if face.box.landmarks is not None:
        marks = face.box.landmarks
        for point in (marks.right_eye, marks.left_eye, marks.nose, marks.right_mouth, marks.left_mouth):
            if point is not None:
                yield from (float(point[0]), float(point[1]))
