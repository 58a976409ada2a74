"""Accuracy of .tflite models, and what they lost against their baselines on the same images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge.benchmarks.results import Accuracy, Answers, Drop
from fer_edge.data.emotion_scores import as_probabilities, require_finite
from fer_edge.emotions import measured_labels
from fer_edge.errors import ModelError
from fer_edge.evaluation.evaluate import evaluate
from fer_edge.evaluation.metrics import mcnemar_p_value, paired_drop
from fer_edge.runtime import EmotionClassifier
from fer_edge.types import LABELS, LabelledImages

CHUNK = 256

METHODS = {
    "accuracy_interval": "Wilson score interval, 95 %",
    "drop_interval": (
        "95 % for matched pairs, Wald's with 0.5 added to each cell (Agresti and Min 2005): the variants answer the "
        "same images, and it keeps its coverage where few answers differ"
    ),
    "drop_p_value": (
        "exact McNemar test, two-sided: only images on which the two differ tell them apart, and the binomial holds "
        "for few of them too"
    ),
    "calibration_error": "expected calibration error, 15 bins of equal width (Guo et al. 2017)",
}


def predict_together(
    models: list[Path], faces: npt.NDArray[np.uint8], *, progress: Callable[[int, int], None] = lambda *_: None
) -> list[npt.NDArray[np.float32]]:
    """Return each model's answers to all faces, in one pass over the faces.

    Args:
        models: .tflite files of fer-edge.
        faces: uint8, N x 48 x 48 x 1.
        progress: called with (faces done, faces).

    Returns:
        For each model float32, N x 7, in the order of `LABELS`.

    Raises:
        ModelError: a model is damaged, names other classes, or answers with values that are not finite.
    """
    answers: list[list[npt.NDArray[np.float32]]] = [[] for _ in models]
    with ExitStack() as stack:
        classifiers = [stack.enter_context(EmotionClassifier(model)) for model in models]
        for classifier, model in zip(classifiers, models, strict=True):
            if not measured_classes(classifier.labels):
                known = ", ".join(classifier.labels)
                raise ModelError(f"{model} knows other labels ({known}); FER2013 cannot measure it.")
        for start in range(0, len(faces), CHUNK):
            chunk = faces[start : start + CHUNK]
            for classifier, model, rows in zip(classifiers, models, answers, strict=True):
                predictions = classifier.predict_batch(chunk)
                found = np.stack([prediction.probabilities for prediction in predictions])
                require_finite(found, str(model))
                rows.append(as_probabilities(found, classifier.labels))
            progress(start + len(chunk), len(faces))
    return [np.concatenate(rows) for rows in answers]


def predict_probabilities(model: Path, faces: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return one model's answer to each face: float32, N x 7, in the order of `LABELS`."""
    return predict_together([model], faces)[0]


def measured_classes(labels: Sequence[str]) -> bool:
    """Return whether a model names all of FER2013's classes, whatever else it names: then its accuracy is measured."""
    return measured_labels(labels) == LABELS


def measure_accuracy(
    images: LabelledImages, probabilities: npt.NDArray[np.float32], baseline: npt.NDArray[np.int64] | None
) -> Accuracy:
    """Compare a model's answers with the labels, and with the baseline's predicted indices."""
    found = evaluate(images, probabilities)
    drop = None
    if baseline is not None:
        drop = measure_drop(baseline == images.labels, probabilities.argmax(axis=1) == images.labels)
    return Accuracy(
        top1=found.accuracy,
        interval=found.interval,
        macro_f1=found.macro_f1,
        calibration_error=found.reliability.error,
        per_class=found.per_class,
        confusion=found.confusion,
        drop=drop,
    )


def measure_drop(baseline: npt.NDArray[np.bool_], candidate: npt.NDArray[np.bool_]) -> Drop:
    """Return what was lost from right answers (N) of a baseline to those of a candidate."""
    value, interval = paired_drop(baseline, candidate)
    lost, won = int((baseline & ~candidate).sum()), int((~baseline & candidate).sum())
    return Drop(value, interval, lost, won, mcnemar_p_value(lost, won))


def agreement(predicted: npt.NDArray[np.int64], baseline: npt.NDArray[np.int64]) -> float:
    """Return the share of images for which both name the same emotion."""
    return float((predicted == baseline).mean())


def record_answers(predicted: npt.NDArray[np.int64], labels: npt.NDArray[np.int64] | None) -> Answers:
    """Return every answer as text, one character per image."""
    correct = None if labels is None else "".join("01"[right] for right in (predicted == labels).astype(int))
    return Answers("".join(map(str, predicted.tolist())), correct)
