"""What an embedded app imports: NumPy and a TFLite interpreter, never TensorFlow.

>>> from fer_edge.runtime import EmotionClassifier
>>> with EmotionClassifier() as classifier:
...     prediction = classifier.predict(face)  # uint8 pixels, grey or BGR, any size
"""

from typing import TYPE_CHECKING

from fer_edge.runtime.classifier import EmotionClassifier
from fer_edge.runtime.faces import FaceAnalyzer, FaceDetector, HaarDetector, WholePicture, YuNetDetector
from fer_edge.types import LABELS, Box, EmotionEvent, FaceEmotion, Frame, Prediction, StreamResult, TrackedFace

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
]

if TYPE_CHECKING:
    from fer_edge.runtime.stream import EmotionStream
else:

    def __getattr__(name: str) -> object:
        """Load the stream when it is first used: an app that only predicts does not wait for it."""
        if name != "EmotionStream":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from fer_edge.runtime.stream import EmotionStream

        return EmotionStream
