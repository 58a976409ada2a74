"""Which detector a name stands for."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from pathlib import Path

from fer_edge.errors import ModelError
from fer_edge.runtime.detectors.base import ScaledDetector
from fer_edge.runtime.detectors.blazeface import BlazeFaceDetector, is_tflite
from fer_edge.runtime.detectors.haar import HaarDetector
from fer_edge.runtime.detectors.yunet import YuNetDetector
from fer_edge.types import FACE_SIZE

STILL_CONFIDENCE, STREAM_CONFIDENCE = 0.8, 0.7
"""YuNet's that measured best; a stream searches a coarser picture, and sees each face again (docs/faces.md)."""

STILL_LONGEST_EDGE = 640


def load_detector(
    name: str = "auto",
    *,
    stream: bool = False,
    min_size: int | None = None,
    min_confidence: float | None = None,
    notify: Callable[[str], None] | None = None,
) -> ScaledDetector:
    """Return the detector that a name stands for.

    Args:
        name: "yunet", "haar", an .onnx file of YuNet, a .tflite file of BlazeFace, or "auto" for YuNet, and
            for Haar where YuNet cannot be had.
        stream: whether frames come one after another, so that speed counts for more.
        min_size: edge in pixels of the smallest face; the search is as fine as it needs. None for 48, and in
            pictures for a search at 640 pixels, however large they are.
        min_confidence: 0..1; None for what measured best. Haar has none, and takes none.
        notify: receives one sentence on why Haar replaces YuNet; by default the logger "fer_edge" warns, once.

    Raises:
        ModelError: the detector cannot be had, or no detector is called that.
    """
    longest_edge = STILL_LONGEST_EDGE if min_size is None and not stream else None
    size = FACE_SIZE if min_size is None else min_size
    confidence = min_confidence
    if confidence is None:
        confidence = STREAM_CONFIDENCE if stream else STILL_CONFIDENCE

    def yunet(model: str | None) -> YuNetDetector:
        return YuNetDetector(model, min_size=size, min_confidence=confidence, longest_edge=longest_edge)

    def haar() -> HaarDetector:
        if min_confidence is not None:
            raise ModelError("Haar gives no confidence: leave --min-confidence out, or choose another --detector.")
        return HaarDetector(min_size=size, longest_edge=longest_edge)

    if name == "auto":
        try:
            return yunet(None)
        except ModelError as error:
            found = haar()
            (notify or _warn_once)(f"Faces are found with OpenCV's Haar cascade, which misses more of them. {error}")
            return found
    if name == "yunet":
        return yunet(None)
    if name == "haar":
        return haar()
    path = Path(name)
    if is_tflite(path) or path.suffix.lower() == ".tflite":
        limits = {} if min_confidence is None else {"min_confidence": min_confidence}
        return BlazeFaceDetector(path, min_size=size, **limits)
    if path.is_file() or path.suffix.lower() == ".onnx":
        return yunet(name)
    raise ModelError(
        f"Expected a detector: auto, yunet, haar, YuNet's .onnx file or BlazeFace's .tflite file; got '{name}'."
    )


@functools.cache
def _warn_once(message: str) -> None:
    logging.getLogger("fer_edge").warning(message)
