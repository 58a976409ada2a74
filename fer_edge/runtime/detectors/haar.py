"""OpenCV's Haar cascade: no file beside OpenCV's own, and the only choice before OpenCV 4.8."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from fer_edge.errors import ModelError
from fer_edge.runtime.detectors.base import Find, Picture, ScaledDetector
from fer_edge.runtime.preprocess import to_grey
from fer_edge.types import FACE_SIZE

CASCADE = "haarcascade_frontalface_default.xml"
SYSTEM_CASCADES = Path(sys.base_prefix) / "share/opencv4/haarcascades"
"""Where Debian's package opencv-data puts them: /usr/share, beside the Python that python3-opencv is for."""


class HaarDetector(ScaledDetector):
    """OpenCV's frontal-face Haar cascade: ships with OpenCV 4, needs no other file.

    It misses one face in five and takes patterns for faces (docs/faces.md). One instance may be shared by
    threads: detections take turns. Its boxes carry no confidence: what the cascade offers is a sum of stage
    weights, which has no upper bound and no fixed meaning.

    Args:
        min_size: see `ScaledDetector`.
        min_neighbors: overlapping hits that make a face; more means fewer false alarms.
        longest_edge: see `ScaledDetector`.

    Raises:
        ModelError: OpenCV came without cascades, as OpenCV 5 does.
    """

    least_longest_edge = 640

    def __init__(self, *, min_size: int = FACE_SIZE, min_neighbors: int = 5, longest_edge: int | None = 640) -> None:
        import cv2

        super().__init__(min_size=min_size, longest_edge=longest_edge)
        folders = (Path(cv2.__file__).parent / "data", SYSTEM_CASCADES)
        path = next((folder / CASCADE for folder in folders if (folder / CASCADE).is_file()), None)
        if path is None or not hasattr(cv2, "CascadeClassifier"):
            raise ModelError(
                f"OpenCV {cv2.__version__} came without the Haar cascade {CASCADE}: install "
                "opencv-python-headless>=4.9,<5, or Debian's packages python3-opencv and opencv-data."
            )
        self._cascade = cv2.CascadeClassifier(str(path))
        self._min_neighbors = min_neighbors
        self._lock = threading.Lock()

    def _find(self, picture: Picture, min_size: float) -> Iterator[Find]:
        grey, edge = to_grey(picture), round(min_size)
        with self._lock:
            found = self._cascade.detectMultiScale(
                grey, scaleFactor=1.1, minNeighbors=self._min_neighbors, minSize=(edge, edge)
            )
        return (Find(float(x), float(y), float(width), float(height)) for x, y, width, height in found)
