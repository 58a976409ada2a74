"""Faces in a picture, and the emotion that each shows."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from math import isfinite
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fer_edge.errors import FerEdgeError, ImageError, ModelError
from fer_edge.runtime.classifier import EmotionClassifier
from fer_edge.runtime.preprocess import channels_of, to_bgr, to_grey
from fer_edge.types import FACE_SIZE, Box, FaceEmotion

Picture = npt.NDArray[np.uint8]

DEFAULT_MARGIN = 0.0
"""Haar boxes are framed as FER2013 is: measured, see docs/lab-notes.md, section Faces."""

CASCADE = "haarcascade_frontalface_default.xml"
SYSTEM_CASCADES = Path(sys.base_prefix) / "share/opencv4/haarcascades"
"""Where Debian's package opencv-data puts them: /usr/share, beside the Python that python3-opencv is for."""


class FaceDetector(Protocol):
    """Whatever finds faces; bring your own by implementing `detect`."""

    def detect(self, picture: Picture, /) -> list[Box]:
        """Return the faces in a picture, which is uint8 and grey, BGR or BGRA, just as the app gave it."""


class HaarDetector:
    """OpenCV's frontal-face Haar cascade: ships with OpenCV, needs no download.

    One instance may be shared by threads: detections take turns. Its boxes carry no confidence: what
    the cascade offers is a sum of stage weights, which has no upper bound and no fixed meaning.

    Args:
        min_size: edge in pixels of the smallest face to look for. Below 48 the classifier would
            have to invent pixels.
        min_neighbors: overlapping hits that make a face; more means fewer false alarms.
    """

    def __init__(self, *, min_size: int = FACE_SIZE, min_neighbors: int = 5) -> None:
        import cv2

        folders = (Path(cv2.__file__).parent / "data", SYSTEM_CASCADES)
        path = next((folder / CASCADE for folder in folders if (folder / CASCADE).is_file()), None)
        if path is None:
            raise FerEdgeError(
                f"OpenCV {cv2.__version__} came without the Haar cascade {CASCADE}: expected "
                "opencv-python-headless>=4.9,<5, or Debian's packages python3-opencv and opencv-data."
            )
        self._cascade = cv2.CascadeClassifier(str(path))
        self._min_size = min_size
        self._min_neighbors = min_neighbors
        self._lock = threading.Lock()

    def detect(self, picture: Picture) -> list[Box]:
        """Return the faces, largest first."""
        grey = to_grey(picture)
        with self._lock:
            found = self._cascade.detectMultiScale(
                grey, scaleFactor=1.1, minNeighbors=self._min_neighbors, minSize=(self._min_size, self._min_size)
            )
        return _largest_first(Box(*(int(value) for value in box)) for box in found)


class YuNetDetector:
    """The network YuNet through OpenCV: finds turned and partly hidden faces too, and says how sure it is.

    The file is not part of fer-edge: OpenCV's model collection has it, as
    face_detection_yunet_2023mar.onnx. One instance may be shared by threads: detections take turns.

    Args:
        model: the .onnx file.
        min_size: edge in pixels of the smallest face to return, by the shorter side of its box.
        min_confidence: 0..1; less sure finds are left out.
        longest_edge: pixels; larger pictures are scaled down to it before detection, since YuNet
            knows faces of about 10 to 300 pixels.

    Raises:
        ModelError: the file is missing, damaged, or a network that OpenCV cannot run as YuNet.
    """

    def __init__(
        self,
        model: Path | str,
        *,
        min_size: int = FACE_SIZE,
        min_confidence: float = 0.7,
        longest_edge: int = 640,
    ) -> None:
        import cv2

        self._path = Path(model)
        self._min_size = min_size
        self._longest_edge = longest_edge
        self._lock = threading.Lock()
        if not self._path.is_file():
            raise ModelError(f"Expected YuNet as an .onnx file at {model}: there is no such file.")
        try:
            self._network = cv2.FaceDetectorYN.create(str(model), "", (32, 32), score_threshold=min_confidence)
        except cv2.error as error:
            raise self._unusable() from error
        self._run(np.zeros((32, 32, 3), np.uint8))  # OpenCV notices only now that it is another network

    def detect(self, picture: Picture) -> list[Box]:
        """Return the faces, largest first, cut off at the picture's border."""
        import cv2

        colour = to_bgr(picture)
        height, width = colour.shape[:2]
        scale = min(1.0, self._longest_edge / max(height, width))
        if scale < 1:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            colour = cv2.resize(colour, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        found = [_box_inside(row, scale, width, height) for row in self._run(colour)]
        return _largest_first(box for box in found if min(box.width, box.height) >= self._min_size)

    def _run(self, colour: Picture) -> Iterable[npt.NDArray[np.float32]]:
        """Return a row of 15 numbers per face; see `_box_inside`."""
        import cv2

        try:
            with self._lock:
                self._network.setInputSize((colour.shape[1], colour.shape[0]))
                _, rows = self._network.detect(colour)
        except cv2.error as error:
            raise self._unusable() from error
        # The binding gives None for no face, which its type hints do not know.
        return rows if isinstance(rows, np.ndarray) else ()

    def _unusable(self) -> ModelError:
        return ModelError(
            f"Expected YuNet (face_detection_yunet_2023mar.onnx), but {self._path} is damaged or another network."
        )


class WholePicture:
    """Takes the whole picture for one face: for crops that somebody else has made.

    Of a picture that is not square the classifier sees the middle; see `face_square`.
    """

    def detect(self, picture: Picture) -> list[Box]:
        """Return one box, the picture."""
        return [Box(0, 0, picture.shape[1], picture.shape[0])]


class FaceAnalyzer:
    """A classifier behind a face detector. One instance may be shared by threads if its detector may.

    Args:
        classifier: the model; the caller closes it.
        detector: finds the faces; `HaarDetector` when None.
        margin: what the classifier sees beyond a box, as a fraction of the box added on each side.
            The crop is a square, as in FER2013; see `face_square`.
    """

    def __init__(
        self, classifier: EmotionClassifier, detector: FaceDetector | None = None, *, margin: float = DEFAULT_MARGIN
    ) -> None:
        if not (isfinite(margin) and margin > -0.5):
            raise ValueError(f"expected a margin above -0.5, got {margin}")
        self._classifier = classifier
        self._detector = detector
        self._margin = margin

    def analyze(self, picture: npt.NDArray[Any], boxes: Iterable[Box] | None = None) -> list[FaceEmotion]:
        """Return the faces of a picture with their emotions, largest first.

        Args:
            picture: uint8, grey (H x W), BGR (H x W x 3) or BGRA (H x W x 4).
            boxes: where the faces are, if the app knows; then no detector is asked or even loaded, and
                the faces come in this order.

        Raises:
            ImageError: not a picture, or a box that has no pixel of it.
        """
        channels_of(picture)
        found = self._detect(picture) if boxes is None else boxes
        return [FaceEmotion(box, self._classifier.predict(self._crop(picture, box))) for box in found]

    def _detect(self, picture: Picture) -> list[Box]:
        if self._detector is None:  # not in __init__: an app with its own boxes needs no cascade
            self._detector = HaarDetector()
        return self._detector.detect(picture)

    def _crop(self, picture: Picture, box: Box) -> Picture:
        square = face_square(box, self._margin, picture.shape[0], picture.shape[1])
        return picture[square.y : square.y + square.height, square.x : square.x + square.width]


def face_square(box: Box, margin: float, height: int, width: int) -> Box:
    """Return the square that the classifier sees of a face: around its box, inside the picture.

    Its edge is the longer side of the box plus the margin at both ends. At the picture's border the
    square moves inwards, and only a picture smaller than the square makes it smaller.

    Args:
        box: the face.
        margin: fraction of the longer side to add at each end; negative cuts off.
        height: of the picture in pixels.
        width: of the picture in pixels.

    Raises:
        ImageError: the box has no pixel of the picture.
    """
    inside = box.x < width and box.y < height and box.x + box.width > 0 and box.y + box.height > 0
    if not inside or box.width < 1 or box.height < 1:
        raise ImageError(f"Expected a box with pixels of the {width}x{height} picture, got {box}.")
    edge = round(max(box.width, box.height) * (1 + 2 * margin))
    edge = max(1, min(edge, height, width))
    left = round(box.x + (box.width - edge) / 2)
    top = round(box.y + (box.height - edge) / 2)
    return Box(min(max(left, 0), width - edge), min(max(top, 0), height - edge), edge, edge)


def _box_inside(row: npt.NDArray[np.float32], scale: float, width: int, height: int) -> Box:
    """Return the part of YuNet's box that lies in the picture.

    Args:
        row: x, y, width, height, ten numbers that place eyes, nose and mouth, and the confidence.
        scale: of the picture that the network saw.
        width: of the full picture in pixels.
        height: of the full picture in pixels.
    """
    corners = np.array([row[0], row[1], row[0] + row[2], row[1] + row[3]], np.float64) / scale
    left, top, right, bottom = (int(value) for value in corners.round().clip(0, [width, height, width, height]))
    return Box(left, top, right - left, bottom - top, confidence=float(row[14]))


def _largest_first(boxes: Iterable[Box]) -> list[Box]:
    return sorted(boxes, key=lambda box: box.width * box.height, reverse=True)
