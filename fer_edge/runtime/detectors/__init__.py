"""What finds faces: a module a detector, and `load_detector`, which chooses one by name."""

from fer_edge.runtime.detectors.base import FaceDetector, WholePicture
from fer_edge.runtime.detectors.blazeface import BlazeFaceDetector
from fer_edge.runtime.detectors.choice import load_detector
from fer_edge.runtime.detectors.haar import HaarDetector
from fer_edge.runtime.detectors.yunet import YuNetDetector

__all__ = ["BlazeFaceDetector", "FaceDetector", "HaarDetector", "WholePicture", "YuNetDetector", "load_detector"]
