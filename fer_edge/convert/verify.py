"""Proof of what a conversion cost: the file that ships against the Keras network, on held-out images."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.convert.fit import Shape, fit_faces
from fer_edge.evaluation import Evaluation, evaluate
from fer_edge.metrics import Interval, paired_drop
from fer_edge.runtime import EmotionClassifier
from fer_edge.runtime.interpreter import load_interpreter
from fer_edge.runtime.metadata import ModelFile, read_model
from fer_edge.types import FACE_SIZE, LABELS, LabelledImages

Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True)
class VerificationSet:
    """The images that a conversion is verified on, never calibrated on.

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
    """Return the answers (N x labels) of a .tflite file to grey faces, or to images of its own shape.

    They are those of `EmotionClassifier` where it takes the file, so what ships is what is verified;
    files of other shapes or dtypes are asked through the bare interpreter.
    """
    file = read_model(content)
    if _fits_runtime(file):
        with EmotionClassifier(content) as classifier:
            return np.stack([prediction.probabilities for prediction in classifier.predict_batch(images)])
    return _ask_interpreter(file, images)


def _fits_runtime(file: ModelFile) -> bool:
    taken, given = file.metadata.content["input"], file.metadata.content["output"]
    fits = taken["shape"] == [1, FACE_SIZE, FACE_SIZE, 1] and taken["dtype"] == "uint8"
    return fits and given["dtype"] in {"uint8", "float32"}


def _ask_interpreter(file: ModelFile, images: npt.NDArray[np.uint8]) -> Probabilities:
    interpreter = load_interpreter(file.flatbuffer, threads=os.cpu_count() or 1)
    taken, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    height, width, channels = (int(size) for size in taken["shape"][1:])
    shape: Shape = (height, width, channels)
    answers = []
    for image in images:
        pixels = fit_faces(image[np.newaxis], shape).astype(np.float32)
        if taken["dtype"] is not np.float32:
            pixels += taken["quantization"][1]  # the scale is 1: the converter checked it
        interpreter.set_tensor(taken["index"], pixels.astype(taken["dtype"]))
        interpreter.invoke()
        answers.append(interpreter.get_tensor(given["index"])[0])
    outputs = np.stack(answers).astype(np.float32)
    scale, zero_point = given["quantization"]
    return outputs if given["dtype"] is np.float32 else (outputs - np.float32(zero_point)) * np.float32(scale)


def verify(
    keras: Probabilities, file: Probabilities, images: VerificationSet, labels: tuple[str, ...] = LABELS
) -> Verification:
    """Compare the answers (N x labels) of the Keras network and of the converted file.

    Args:
        keras: of the network.
        file: of the file.
        images: what both were asked; their labels are compared with where the network's are the same.
        labels: the network's, in the order of its outputs.
    """
    difference = np.abs(keras - file)
    flipped = np.flatnonzero(keras.argmax(axis=1) != file.argmax(axis=1))
    change = None
    if images.labelled is not None and set(labels) == set(LABELS):
        order = [labels.index(label) for label in LABELS]
        change = _compare_with_labels(keras[:, order], file[:, order], images.labelled)
    return Verification(
        source=images.source,
        images=len(keras),
        agreement=1 - len(flipped) / len(keras),
        largest_difference=float(difference.max()),
        mean_difference=float(difference.mean()),
        flipped=tuple(int(index) for index in flipped),
        labelled=change,
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
