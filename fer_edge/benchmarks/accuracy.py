"""Accuracy of a .tflite model, and what it lost against a baseline on the same images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge.errors import ModelError
from fer_edge.evaluation import evaluate
from fer_edge.metrics import Interval, paired_drop
from fer_edge.runtime import EmotionClassifier
from fer_edge.types import LABELS, LabelledImages


@dataclass(frozen=True)
class Accuracy:
    """Measured on labelled images. Fractions 0..1; the drop is baseline minus candidate.

    Attributes:
        split: which images.
        images: how many.
        accuracy: top-1.
        interval: 95 %, Wilson.
        macro_f1: mean F1 of the classes.
        calibration_error: how far the scores are from the truth on average.
        drop: accuracy lost against the baseline, None for the baseline itself.
        drop_interval: 95 %, paired.
    """

    split: str
    images: int
    accuracy: float
    interval: Interval
    macro_f1: float
    calibration_error: float
    drop: float | None
    drop_interval: Interval | None


def predict_probabilities(model: Path, faces: npt.NDArray[np.uint8], *, threads: int = 1) -> npt.NDArray[np.float32]:
    """Return the model's answer to each face: float32, N x 7, in the order of `LABELS`."""
    with EmotionClassifier(model, threads=threads) as classifier:
        if set(classifier.labels) != set(LABELS):
            raise ModelError(f"{model} knows other labels ({', '.join(classifier.labels)}); FER2013 cannot measure it.")
        order = [classifier.labels.index(label) for label in LABELS]
        answers = [prediction.probabilities for prediction in classifier.predict_batch(faces)]
    return np.stack(answers)[:, order]


def measure_accuracy(
    images: LabelledImages, probabilities: npt.NDArray[np.float32], baseline: npt.NDArray[np.int64] | None
) -> Accuracy:
    """Compare a model's answers with the labels, and with the baseline's predicted indices."""
    evaluation = evaluate(images, probabilities)
    drop = drop_interval = None
    if baseline is not None:
        correct = probabilities.argmax(axis=1) == images.labels
        drop, drop_interval = paired_drop(baseline == images.labels, correct)
    return Accuracy(
        split=evaluation.split,
        images=evaluation.images,
        accuracy=evaluation.accuracy,
        interval=evaluation.interval,
        macro_f1=evaluation.macro_f1,
        calibration_error=evaluation.reliability.error,
        drop=drop,
        drop_interval=drop_interval,
    )


def agreement(predicted: npt.NDArray[np.int64], baseline: npt.NDArray[np.int64]) -> float:
    """Return the share of images for which both name the same emotion."""
    return float((predicted == baseline).mean())
