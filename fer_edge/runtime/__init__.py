"""What an embedded app imports: NumPy and a TFLite interpreter, never TensorFlow.

>>> from fer_edge.runtime import EmotionClassifier
>>> with EmotionClassifier() as classifier:
...     prediction = classifier.predict(face)  # uint8 pixels, grey or BGR, any size
"""

from fer_edge.runtime.classifier import EmotionClassifier
from fer_edge.runtime.faces import FaceAnalyzer, FaceDetector, HaarDetector, WholePicture
from fer_edge.types import LABELS, Box, FaceEmotion, Prediction

__all__ = [
    "LABELS",
    "Box",
    "EmotionClassifier",
    "FaceAnalyzer",
    "FaceDetector",
    "FaceEmotion",
    "HaarDetector",
    "Prediction",
    "WholePicture",
]
