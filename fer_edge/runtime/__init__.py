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
    "Box",
    "EmotionClassifier",
    "EmotionEvent",
    "EmotionStream",
    "FaceAnalyzer",
    "FaceDetector",
    "FaceEmotion",
    "Frame",
    "HaarDetector",
    "Prediction",
    "StreamResult",
    "TrackedFace",
    "WholePicture",
    "YuNetDetector",
    "decode_picture",
    "read_picture",
]

if TYPE_CHECKING:
    from fer_edge.runtime.faces import FaceAnalyzer, FaceDetector, HaarDetector, WholePicture, YuNetDetector
    from fer_edge.runtime.stream import EmotionStream
    from fer_edge.runtime.stream_types import EmotionEvent, Frame, StreamResult, TrackedFace
    from fer_edge.types import Box, FaceEmotion
else:
    _HOMES = {
        "fer_edge.runtime.faces": {"FaceAnalyzer", "FaceDetector", "HaarDetector", "WholePicture", "YuNetDetector"},
        "fer_edge.runtime.stream": {"EmotionStream"},
        "fer_edge.runtime.stream_types": {"EmotionEvent", "Frame", "StreamResult", "TrackedFace"},
        "fer_edge.types": {"Box", "FaceEmotion"},
    }

    def __getattr__(name: str) -> object:
        """Load what finds faces and follows them when it is first used: an app with its own crops never waits."""
        home = next((module for module, names in _HOMES.items() if name in names), None)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import importlib

        return getattr(importlib.import_module(home), name)
