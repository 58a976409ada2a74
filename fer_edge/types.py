"""What travels between the stages: frozen, plain, and free of heavy imports."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LABELS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
"""The seven classes in alphabetical order: the order of every model output and label array."""

SPLITS = ("train", "public", "private", "test")
"""FER2013's splits; `test` is a test image whose file name does not tell public from private."""

FACE_SIZE = 48
"""Width and height in pixels of a FER2013 face, and of every model input."""


@dataclass(frozen=True)
class LabelledImages:
    """Faces with their labels, of one split.

    Attributes:
        images: uint8, N x 48 x 48 x 1, raw grey pixels.
        labels: int64, N, indices into `label_names`.
        split: one of `SPLITS`.
        names: N file names, or "fer2013.csv:<line>".
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    split: str
    names: tuple[str, ...]
    label_names: tuple[str, ...] = LABELS

    def __post_init__(self) -> None:
        expected = (len(self.labels), FACE_SIZE, FACE_SIZE, 1)
        if self.images.dtype != np.uint8 or self.images.shape != expected:
            raise ValueError(f"expected uint8 images of shape {expected}, got {self.images.dtype} {self.images.shape}")
        if self.labels.dtype != np.int64 or len(self.names) != len(self.labels):
            raise ValueError(f"expected int64 labels and as many names, got {self.labels.dtype}")

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: npt.NDArray[np.int64]) -> LabelledImages:
        """Return the images at `indices`, in that order."""
        names = tuple(self.names[i] for i in indices)
        return LabelledImages(self.images[indices], self.labels[indices], self.split, names)

    def sha256(self) -> str:
        """Return a hash of pixels and labels: equal data give an equal hash on every machine."""
        import hashlib  # not above: the runtime does without, see runtime/checksum.py

        digest = hashlib.sha256(self.images.tobytes())
        digest.update(self.labels.astype("<i8").tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Prediction:
    """The answer for one face.

    Attributes:
        label: the most probable emotion.
        score: its probability, 0..1.
        probabilities: float32, one per label, in the order of the model's labels.
    """

    label: str
    score: float
    probabilities: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Box:
    """Where a face is: a rectangle in pixels of the picture, and how sure the detector is.

    Attributes:
        x: the left edge.
        y: the top edge.
        width: in pixels.
        height: in pixels.
        confidence: 0..1; None where the detector gives none, as Haar cascades do not.
    """

    x: int
    y: int
    width: int
    height: int
    confidence: float | None = None


@dataclass(frozen=True)
class FaceEmotion:
    """A face that was found in a picture, and what it shows."""

    box: Box
    prediction: Prediction
