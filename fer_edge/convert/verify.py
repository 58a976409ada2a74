"""Proof of what a conversion cost: the file that ships against the Keras network, on held-out images."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.evaluation import Evaluation, evaluate
from fer_edge.metrics import Interval, paired_drop
from fer_edge.runtime import EmotionClassifier
from fer_edge.types import LABELS, LabelledImages

Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True)
class VerificationSet:
    """The images that a conversion is verified on, never calibrated on.

    Attributes:
        images: uint8, N x 48 x 48 x 1.
        labelled: the same with labels, or None where there are none.
        source: what they are, in words.
    """

    images: npt.NDArray[np.uint8]
    labelled: LabelledImages | None
    source: str


@dataclass(frozen=True)
class LabelledChange:
    """What labelled images tell. Fractions 0..1; the drop is Keras minus file.

    Attributes:
        accuracy_keras: top-1 of the Keras network.
        accuracy: top-1 of the file.
        drop: their difference.
        drop_interval: 95 %, paired.
        recall_change: label -> recall of the file minus recall of the network.
        calibration_error_keras: of the Keras network.
        calibration_error: of the file.
    """

    accuracy_keras: float
    accuracy: float
    drop: float
    drop_interval: Interval
    recall_change: dict[str, float]
    calibration_error_keras: float
    calibration_error: float


@dataclass(frozen=True)
class Verification:
    """A converted file against the Keras network that it came from.

    Attributes:
        source: what both were asked, in words.
        images: how many.
        agreement: share of images for which both name the same emotion.
        largest_difference: of any probability.
        mean_difference: of all probabilities, absolute.
        flipped: positions of the images for which they name different emotions.
        labelled: None where the images carry no labels.
    """

    source: str
    images: int
    agreement: float
    largest_difference: float
    mean_difference: float
    flipped: tuple[int, ...]
    labelled: LabelledChange | None

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def predict_file(content: bytes, images: npt.NDArray[np.uint8]) -> Probabilities:
    """Return the answers (N x 7) of a .tflite file, as the runtime gives them."""
    with EmotionClassifier(content) as classifier:
        return np.stack([prediction.probabilities for prediction in classifier.predict_batch(images)])


def verify(keras: Probabilities, file: Probabilities, images: VerificationSet) -> Verification:
    """Compare the answers (N x 7) of the Keras network and of the converted file."""
    difference = np.abs(keras - file)
    flipped = np.flatnonzero(keras.argmax(axis=1) != file.argmax(axis=1))
    return Verification(
        source=images.source,
        images=len(keras),
        agreement=1 - len(flipped) / len(keras),
        largest_difference=float(difference.max()),
        mean_difference=float(difference.mean()),
        flipped=tuple(int(index) for index in flipped),
        labelled=_compare_with_labels(keras, file, images.labelled) if images.labelled is not None else None,
    )


def exceeds(verification: Verification, max_drop_points: float) -> bool:
    """Return whether the accuracy dropped by more than `max_drop_points` percentage points."""
    labelled = verification.labelled
    return labelled is not None and 100 * labelled.drop > max_drop_points


def _compare_with_labels(keras: Probabilities, file: Probabilities, images: LabelledImages) -> LabelledChange:
    before, after = evaluate(images, keras), evaluate(images, file)
    drop, interval = paired_drop(keras.argmax(axis=1) == images.labels, file.argmax(axis=1) == images.labels)
    return LabelledChange(
        accuracy_keras=before.accuracy,
        accuracy=after.accuracy,
        drop=drop,
        drop_interval=interval,
        recall_change={label: _recall(after, label) - _recall(before, label) for label in LABELS},
        calibration_error_keras=before.reliability.error,
        calibration_error=after.reliability.error,
    )


def _recall(evaluation: Evaluation, label: str) -> float:
    return evaluation.per_class[label].recall
