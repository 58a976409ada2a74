"""Scores of a model for its own labels, laid out as FER2013's seven classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fer_edge.emotions import CONTEMPT, find_emotion, measured_labels
from fer_edge.errors import ModelError
from fer_edge.types import LABELS, LabelledImages


def columns_of(scores: npt.NDArray[np.float32], labels: Sequence[str]) -> npt.NDArray[np.float32]:
    """Return N x 7 scores in the order of `LABELS`, minus infinity for a class that the model does not know.

    Args:
        scores: N x the model's labels.
        labels: the model's, each an emotion; contempt is left out, since FER2013 does not have it.
    """
    columns = np.full((len(scores), len(LABELS)), -np.inf, np.float32)
    for index, label in enumerate(labels):
        name = find_emotion(label)
        if name in LABELS:
            columns[:, LABELS.index(name)] = scores[:, index]
    return columns


def as_probabilities(probabilities: npt.NDArray[np.float32], labels: Sequence[str]) -> npt.NDArray[np.float32]:
    """Return N x 7 probabilities in the order of `LABELS`, 0 for a class that the model does not know."""
    columns = columns_of(probabilities, labels)
    return np.where(np.isfinite(columns), columns, np.float32(0))


def measurable(images: LabelledImages, labels: Sequence[str]) -> LabelledImages:
    """Return the images whose class is among a model's labels: no others can be named rightly."""
    known = [LABELS.index(label) for label in measured_labels(labels)]
    among = np.isin(images.labels, known)
    return images if among.all() else images.take(np.flatnonzero(among))


def require_finite(answers: npt.NDArray[np.float32], name: str) -> None:
    """Check that a model answers with numbers.

    Raises:
        ModelError: some are NaN or infinite.
    """
    bad = ~np.isfinite(answers).all(axis=1)
    if bad.any():
        raise ModelError(
            f"{name} answers {bad.sum():,} of {len(answers):,} faces with values that are not finite (NaN or infinite)."
        )


def describe_gaps(labels: Sequence[str]) -> str:
    """Return in a sentence what of a model's labels and of FER2013's classes does not fit; empty where all does."""
    measured = measured_labels(labels)
    if not measured:
        return ""
    missing = [label for label in LABELS if label not in measured]
    parts = []
    if missing:
        parts.append(f"measured on FER2013's images of its {len(measured)} classes, without {', '.join(missing)}")
    if CONTEMPT in {find_emotion(label) for label in labels}:
        parts.append("contempt, which FER2013 does not have, is left out of its answers")
    return ("; ".join(parts)[:1].upper() + "; ".join(parts)[1:] + ".") if parts else ""
