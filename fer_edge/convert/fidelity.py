"""Proof of what a conversion cost: the file that ships against the Keras network, on held-out images."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.convert.arithmetics import ReferenceFidelity
from fer_edge.data.emotion_scores import as_probabilities, measurable
from fer_edge.emotions import measured_labels
from fer_edge.errors import ModelError
from fer_edge.evaluation.evaluate import Evaluation, evaluate
from fer_edge.evaluation.metrics import Interval, paired_drop
from fer_edge.runtime import EmotionClassifier
from fer_edge.types import LABELS, LabelledImages

Probabilities = npt.NDArray[np.float32]

TIE = 0.01
"""Scores so near to each other count as equal: an int8 file rounds them to steps of 1/256."""

MIN_AGREEMENT = 0.9
"""The least share of nearly equal answers with which a file passes that no labels can judge."""


@dataclass(frozen=True)
class FidelitySet:
    """The images that a conversion is compared on, never calibrated on.

    Attributes:
        images: uint8, N x 48 x 48 x 1 grey faces, or images of the network's own shape.
        labelled: the faces with labels, or None where there are none.
        source: what they are, in words.
    """

    images: npt.NDArray[np.uint8]
    labelled: LabelledImages | None
    source: str


@dataclass(frozen=True)
class LabelledChange:
    """Accuracy on labelled images. Fractions 0..1; the drop is Keras minus file.

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
class Fidelity:
    """A converted file against the Keras network that it came from.

    Attributes:
        source: what both were asked, in words.
        images: how many.
        agreement: share of images for which both name the same emotion.
        near_agreement: share of images for which the file names an emotion that Keras scores highest, or within
            `TIE` of it; the gate where there are no labels, since answers of a network that is undecided flip freely.
        largest_difference: of any probability.
        mean_difference: of all probabilities, absolute.
        flipped: positions of the images for which they name different emotions.
        labelled: None where the images carry no labels.
        reference: the same by the arithmetic of microcontrollers; None for files that they do not take.
    """

    source: str
    images: int
    agreement: float
    near_agreement: float
    largest_difference: float
    mean_difference: float
    flipped: tuple[int, ...]
    labelled: LabelledChange | None
    reference: ReferenceFidelity | None = None

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def predict_file(content: bytes, images: npt.NDArray[np.uint8]) -> Probabilities:
    """Return the answers (N x labels) of a .tflite file to grey faces, or to images of its own shape.

    They are those of `EmotionClassifier`, so what ships is what is compared. Images of three channels are in
    the network's own order of colours.
    """
    with EmotionClassifier(content, threads=os.cpu_count() or 1) as classifier:
        if classifier.contract.colour == "rgb" and images.shape[3] == 3:
            images = images[..., ::-1]  # the classifier takes pictures as OpenCV has them
        return np.stack([prediction.probabilities for prediction in classifier.predict_batch(images)])


def measure_fidelity(
    keras: Probabilities, file: Probabilities, images: FidelitySet, labels: tuple[str, ...] = LABELS
) -> Fidelity:
    """Compare the answers (N x labels) of the Keras network and of the converted file.

    Args:
        keras: of the network.
        file: of the file.
        images: what both were asked; their labels are compared with where the network's are the same.
        labels: the network's, in the order of its outputs.
    """
    for name, answers in (("Keras network", keras), ("converted file", file)):
        if not np.isfinite(answers).all():
            raise ModelError(
                f"The {name} answers with values that are not finite (NaN or infinite); nothing was written."
            )
    difference = np.abs(keras - file)
    flipped = np.flatnonzero(keras.argmax(axis=1) != file.argmax(axis=1))
    change = None
    if images.labelled is not None and measured_labels(labels):
        among = np.isin(images.labelled.labels, [LABELS.index(label) for label in measured_labels(labels)])
        before, after = (as_probabilities(answers, labels)[among] for answers in (keras, file))
        change = _compare_with_labels(before, after, measurable(images.labelled, labels))
    return Fidelity(
        source=images.source,
        images=len(keras),
        agreement=1 - len(flipped) / len(keras),
        near_agreement=float(_agrees_nearly(keras, file).mean()),
        largest_difference=float(difference.max()),
        mean_difference=float(difference.mean()),
        flipped=tuple(int(index) for index in flipped),
        labelled=change,
    )


def exceeds(fidelity: Fidelity, max_drop_points: float, min_agreement: float = MIN_AGREEMENT) -> bool:
    """Return whether a file lost too much: accuracy in points; without labels, agreement with Keras (0..1)."""
    if fidelity.labelled is not None:
        return 100 * fidelity.labelled.drop > max_drop_points
    return fidelity.near_agreement < min_agreement


def _agrees_nearly(keras: Probabilities, file: Probabilities) -> npt.NDArray[np.bool_]:
    chosen = np.take_along_axis(keras, file.argmax(axis=1)[:, np.newaxis], axis=1)[:, 0]
    near: npt.NDArray[np.bool_] = chosen >= keras.max(axis=1) - TIE
    return near


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
