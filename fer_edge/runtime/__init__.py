"""What an embedded app imports: NumPy and a TFLite interpreter, never TensorFlow.

>>> from fer_edge.runtime import EmotionClassifier
>>> with EmotionClassifier() as classifier:
...     prediction = classifier.predict(face)  # uint8 pixels, grey or BGR, any size
"""

from typing import TYPE_CHECKING

from fer_edge.runtime.classifier import EmotionClassifier
from fer_edge.runtime.preprocess import decode_picture, read_picture
from fer_edge.types import LABELS, Prediction

__all__ = [
    "LABELS",
    "BlazeFaceDetector",
    "Box",
    "EmotionClassifier",
    "EmotionEvent",
    "EmotionStream",
    "FaceAnalyzer",
    "FaceDetector",
    "FaceEmotion",
    "Frame",
    "Framing",
    "HaarDetector",
    "Landmarks",
    "Prediction",
    "StreamResult",
    "TrackedFace",
    "WholePicture",
    "YuNetDetector",
    "decode_picture",
    "load_detector",
    "read_picture",
]

if TYPE_CHECKING:
    from fer_edge.runtime.detectors import (
        BlazeFaceDetector,
        FaceDetector,
        HaarDetector,
        WholePicture,
        YuNetDetector,
        load_detector,
    )
    from fer_edge.runtime.faces import FaceAnalyzer
    from fer_edge.runtime.framing import Framing
    from fer_edge.stream.emotion_stream import EmotionStream
    from fer_edge.stream.records import EmotionEvent, Frame, StreamResult, TrackedFace
    from fer_edge.types import Box, FaceEmotion, Landmarks
else:
    _HOMES = {
        "fer_edge.runtime.detectors": {
            "BlazeFaceDetector",
            "FaceDetector",
            "HaarDetector",
            "WholePicture",
            "YuNetDetector",
            "load_detector",
        },
        "fer_edge.runtime.faces": {"FaceAnalyzer"},
        "fer_edge.runtime.framing": {"Framing"},
        "fer_edge.stream.emotion_stream": {"EmotionStream"},
        "fer_edge.stream.records": {"EmotionEvent", "Frame", "StreamResult", "TrackedFace"},
        "fer_edge.types": {"Box", "FaceEmotion", "Landmarks"},
    }

    def __getattr__(name: str) -> object:
        """Load what finds faces and follows them when it is first used: an app with its own crops never waits."""
        home = next((module for module, names in _HOMES.items() if name in names), None)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import importlib

        return getattr(importlib.import_module(home), name)
