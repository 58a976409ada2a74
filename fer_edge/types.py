"""What travels between the stages: frozen, plain, and free of heavy imports."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

LABELS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
"""The seven classes in alphabetical order: the order of every model output and label array."""

SPLITS = ("train", "public", "private", "test")
"""FER2013's splits; `test` is a test image whose file name does not separate public from private."""

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


class Probabilities(np.ndarray[Any, np.dtype[np.float32]]):
    """One float32 per label, as a NumPy array that `dataclasses.asdict` turns into plain floats, for JSON."""

    def __deepcopy__(self, memo: object) -> Any:
        # What asdict calls. Copies of a Prediction do not come here: they are the Prediction itself.
        return self.tolist()


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """The answer for one face.

    Attributes:
        label: the most probable emotion.
        score: its probability, 0..1.
        probabilities: float32, one per label, in the order of `labels`.
        labels: of the model.
    """

    label: str
    score: float
    probabilities: npt.NDArray[np.float32]
    labels: tuple[str, ...] = LABELS

    def __post_init__(self) -> None:
        if type(self.probabilities) is not Probabilities:
            values = np.asarray(self.probabilities, np.float32).view(Probabilities)
            object.__setattr__(self, "probabilities", values)

    def as_dict(self) -> dict[str, Any]:
        """Return label, score, and the probability of each label by its name: ready for JSON."""
        shares = dict(zip(self.labels, (round(float(p), 4) for p in self.probabilities), strict=True))
        return {"label": self.label, "score": round(self.score, 4), "probabilities": shares}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Prediction):
            return NotImplemented
        return self.labels == other.labels and np.array_equal(self.probabilities, other.probabilities)

    def __hash__(self) -> int:
        return hash((self.label, self.score))

    def __deepcopy__(self, memo: object) -> Prediction:
        return self  # nothing of it changes

    def __repr__(self) -> str:
        """Name every label that rounds to at least a per cent, the most probable first."""
        ranked = sorted(zip(self.probabilities.tolist(), self.labels, strict=False), reverse=True)
        text = ", ".join(f"{label} {100 * share:.0f} %" for share, label in ranked if share >= 0.005)
        return f"<{text or self.label}>"

    def _repr_html_(self) -> str:
        from fer_edge.notebook import bars

        return bars(self)


Point = tuple[float, float]
"""x and y in pixels of the picture."""

TURNED_FROM = 0.3
"""Of `Landmarks.turn`: faces beyond it are read worse, because FER2013 has few of them (docs/faces.md)."""


@dataclass(frozen=True)
class Landmarks:
    """Points of a face; right and left are the person's own, so the right eye is on the left in the picture.

    Attributes:
        right_eye: its middle.
        left_eye: its middle.
        nose: its tip.
        right_mouth: the corner of the mouth; None where the detector gives none, as BlazeFace.
        left_mouth: likewise.
    """

    right_eye: Point
    left_eye: Point
    nose: Point
    right_mouth: Point | None = None
    left_mouth: Point | None = None

    @property
    def roll_degrees(self) -> float:
        """How far the head leans in the plane of the picture: 0 upright, positive clockwise, -180..180."""
        return math.degrees(math.atan2(self.left_eye[1] - self.right_eye[1], self.left_eye[0] - self.right_eye[0]))

    @property
    def turn(self) -> float:
        """How far the nose lies from the middle between the eyes, along the line through them.

        In distances between the eyes: 0 for a frontal face, -0.5 before the right eye, 0.5 before the left.
        """
        across = (self.left_eye[0] - self.right_eye[0], self.left_eye[1] - self.right_eye[1])
        length = across[0] ** 2 + across[1] ** 2
        if length == 0:
            return 0.0
        nose = (self.nose[0] - self.right_eye[0], self.nose[1] - self.right_eye[1])
        return (nose[0] * across[0] + nose[1] * across[1]) / length - 0.5


@dataclass(frozen=True)
class Box:
    """Where a face is: a rectangle in pixels of the picture, and what else the detector knows of it.

    Attributes:
        x: the left edge.
        y: the top edge.
        width: in pixels.
        height: in pixels.
        confidence: 0..1, how sure the detector is; None where it gives none, as Haar cascades do not.
        landmarks: eyes, nose and mouth; None where the detector gives none.
    """

    x: int
    y: int
    width: int
    height: int
    confidence: float | None = None
    landmarks: Landmarks | None = None


@dataclass(frozen=True, repr=False)
class FaceEmotion:
    """A face that was found in a picture, and what it shows."""

    box: Box
    prediction: Prediction

    def as_dict(self) -> dict[str, Any]:
        """Return box, confidence, label, score, probabilities, and what is known of the pose: ready for JSON."""
        box, marks = self.box, self.box.landmarks
        points = marks and {name: point and [round(v, 1) for v in point] for name, point in asdict(marks).items()}
        return {
            "box": {"x": box.x, "y": box.y, "width": box.width, "height": box.height},
            "confidence": box.confidence,
            "landmarks": points,
            "roll_degrees": None if self.roll_degrees is None else round(self.roll_degrees, 1),
            "turned": self.turned,
            **self.prediction.as_dict(),
        }

    def __repr__(self) -> str:
        box = self.box
        return f"<{repr(self.prediction)[1:-1]} at {box.x}, {box.y}, {box.width}x{box.height}>"

    def _repr_html_(self) -> str:
        return self.prediction._repr_html_()

    @property
    def turned(self) -> bool | None:
        """Whether the head is turned far to a side, so that the prediction is worth less; None if unknown."""
        return None if self.box.landmarks is None else abs(self.box.landmarks.turn) > TURNED_FROM

    @property
    def roll_degrees(self) -> float | None:
        """How far the head leans, clockwise; None if unknown. The classifier saw it upright."""
        return None if self.box.landmarks is None else self.box.landmarks.roll_degrees
