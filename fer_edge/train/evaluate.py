"""Measure a trained network, and draw what happened: the report part of a run folder."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from fer_edge.dataset import seen_in
from fer_edge.files import replacing, write_text
from fer_edge.metrics import class_scores, confusion_matrix, wilson_interval
from fer_edge.train.run import EpochRow
from fer_edge.types import LABELS, LabelledImages


def predict_labels(network: keras.Model, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return the predicted label index of each image (uint8, N x 48 x 48 x 1)."""
    probabilities = network.predict(images.astype(np.float32), batch_size=256, verbose=0)
    labels: npt.NDArray[np.int64] = np.asarray(probabilities).argmax(axis=1).astype(np.int64)
    return labels


def evaluate(network: keras.Model, images: LabelledImages, training: LabelledImages) -> dict[str, Any]:
    """Return accuracy, its interval, macro-F1 and per-class scores as plain JSON values.

    `accuracy_unseen` leaves out the images that also stand in the training split: FER2013 has 280
    such images in PublicTest, which flatter the usual figure.
    """
    predicted = predict_labels(network, images.images)
    correct = predicted == images.labels
    unseen = ~seen_in(images, training)
    matrix = confusion_matrix(images.labels, predicted, len(LABELS))
    scores = class_scores(matrix)
    return {
        "split": images.split,
        "images": len(images),
        "accuracy": float(correct.mean()),
        "accuracy_interval_95": list(asdict(wilson_interval(int(correct.sum()), len(images))).values()),
        "accuracy_unseen": float(correct[unseen].mean()) if unseen.any() else None,
        "images_unseen": int(unseen.sum()),
        "macro_f1": float(np.mean([score.f1 for score in scores])),
        "per_class": {name: asdict(score) for name, score in zip(LABELS, scores, strict=True)},
        "confusion_matrix": matrix.tolist(),
    }


def write_metrics(path: Path, metrics: dict[str, Any]) -> None:
    """Write the metrics as JSON."""
    write_text(path, json.dumps(metrics, indent=2) + "\n")


def plot_confusion(path: Path, matrix: npt.NDArray[np.int64], title: str) -> None:
    """Draw the confusion matrix with each row in per cent of its true class."""
    figure, axes = _figure(6.4, 5.6)
    total = np.maximum(matrix.sum(axis=1, keepdims=True), 1)  # a class may be absent
    share = matrix / total
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*share.shape):
        shade = "white" if share[row, column] > 0.5 else "black"
        axes.text(column, row, f"{share[row, column]:.0%}", ha="center", va="center", color=shade)
    axes.set_xticks(range(len(LABELS)), LABELS, rotation=45, ha="right")
    axes.set_yticks(range(len(LABELS)), LABELS)
    axes.set(xlabel="predicted", ylabel="labelled", title=title)
    figure.colorbar(image, ax=axes, label="share of the labelled class")
    _save(figure, path)


def plot_curves(path: Path, history: list[EpochRow]) -> None:
    """Draw loss and accuracy of the training and the held-out images over the epochs."""
    figure, (left, right) = _figure(10, 4, columns=2)
    epochs = [row.epoch for row in history]
    for axes, name, label in ((left, "loss", "loss (nats)"), (right, "accuracy", "accuracy")):
        axes.plot(epochs, [getattr(row, f"train_{name}") for row in history], label="training, augmented")
        held = [getattr(row, f"holdout_{name}") for row in history]
        if any(value is not None for value in held):
            axes.plot(epochs, held, label="held out")
        axes.set(xlabel="epoch", ylabel=label)
        axes.grid(alpha=0.3)
        axes.legend()
    _save(figure, path)


def _figure(width: float, height: float, columns: int = 1) -> tuple[Any, Any]:
    """Return a figure that needs no screen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(1, columns)


def _save(figure: Any, path: Path) -> None:
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=110)
