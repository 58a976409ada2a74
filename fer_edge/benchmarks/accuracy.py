"""Accuracy of a .tflite model, and what it lost against a baseline on the same images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge.metrics import Interval, class_scores, confusion_matrix, paired_drop, wilson_interval
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
        drop: accuracy lost against the baseline, None for the baseline itself.
        drop_interval: 95 %, paired.
    """

    split: str
    images: int
    accuracy: float
    interval: Interval
    macro_f1: float
    drop: float | None
    drop_interval: Interval | None


def predict_indices(model: Path, faces: npt.NDArray[np.uint8], *, threads: int = 1) -> npt.NDArray[np.int64]:
    """Return the index in `LABELS` that the model predicts for each face."""
    with EmotionClassifier(model, threads=threads) as classifier:
        names = [prediction.label for prediction in classifier.predict_batch(faces)]
    return np.array([LABELS.index(name) for name in names], np.int64)


def measure_accuracy(
    images: LabelledImages, predicted: npt.NDArray[np.int64], baseline: npt.NDArray[np.int64] | None
) -> Accuracy:
    """Compare predicted label indices with the labels, and with the baseline's predictions."""
    correct = predicted == images.labels
    drop, drop_interval = paired_drop(baseline == images.labels, correct) if baseline is not None else (None, None)
    scores = class_scores(confusion_matrix(images.labels, predicted, len(LABELS)))
    return Accuracy(
        split=images.split,
        images=len(images),
        accuracy=float(correct.mean()),
        interval=wilson_interval(int(correct.sum()), len(images)),
        macro_f1=float(np.mean([score.f1 for score in scores])),
        drop=drop,
        drop_interval=drop_interval,
    )


def agreement(predicted: npt.NDArray[np.int64], baseline: npt.NDArray[np.int64]) -> float:
    """Return the share of images for which both name the same emotion."""
    return float((predicted == baseline).mean())
