"""Faces in a picture, and the emotion that each shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fer_edge.errors import FerEdgeError
from fer_edge.runtime.classifier import EmotionClassifier
from fer_edge.runtime.preprocess import to_grey
from fer_edge.types import FACE_SIZE, Box, FaceEmotion


class FaceDetector(Protocol):
    """Whatever finds faces; bring your own by implementing `detect`."""

    def detect(self, grey: npt.NDArray[np.uint8]) -> list[Box]:
        """Return the faces in an H x W uint8 grey picture, boxes inside the picture."""


class HaarDetector:
    """OpenCV's frontal-face Haar cascade: ships with OpenCV, needs no download.

    Args:
        min_size: edge in pixels of the smallest face to look for. Below 48 the classifier would
            have to invent pixels.
        min_neighbors: overlapping hits that make a face; more means fewer false alarms.
    """

    def __init__(self, *, min_size: int = FACE_SIZE, min_neighbors: int = 5) -> None:
        import cv2

        path = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"
        self._cascade = cv2.CascadeClassifier(str(path))
        if self._cascade.empty():
            raise FerEdgeError(
                f"OpenCV {cv2.__version__} does not ship the Haar cascade {path.name}: "
                "expected opencv-python-headless>=4.9,<5."
            )
        self._min_size = min_size
        self._min_neighbors = min_neighbors

    def detect(self, grey: npt.NDArray[np.uint8]) -> list[Box]:
        """Return the faces, largest first."""
        found = self._cascade.detectMultiScale(
            grey, scaleFactor=1.1, minNeighbors=self._min_neighbors, minSize=(self._min_size, self._min_size)
        )
        boxes = [Box(*(int(value) for value in box)) for box in found]
        return sorted(boxes, key=lambda box: box.width * box.height, reverse=True)


class WholePicture:
    """Takes the whole picture for one face: for crops that somebody else has made."""

    def detect(self, grey: npt.NDArray[np.uint8]) -> list[Box]:
        """Return one box, the picture."""
        return [Box(0, 0, grey.shape[1], grey.shape[0])]


class FaceAnalyzer:
    """A classifier behind a face detector.

    Args:
        classifier: the model; the caller closes it.
        detector: finds the faces; `HaarDetector` when None.
    """

    def __init__(self, classifier: EmotionClassifier, detector: FaceDetector | None = None) -> None:
        self._classifier = classifier
        self._detector: FaceDetector = detector or HaarDetector()

    def analyze(self, picture: npt.NDArray[Any]) -> list[FaceEmotion]:
        """Return the faces of a picture (uint8, grey or BGR) with their emotions, largest first.

        Raises:
            ImageError: not a picture; see `to_grey`.
        """
        grey = to_grey(picture)
        return [
            FaceEmotion(box, self._classifier.predict(grey[box.y : box.y + box.height, box.x : box.x + box.width]))
            for box in self._detector.detect(grey)
        ]
