"""How good a model's answers are: one evaluation for every kind of model, in NumPy alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.data.fer2013 import seen_in
from fer_edge.data.votes import Votes, majority
from fer_edge.evaluation.metrics import (
    ClassScore,
    Interval,
    Reliability,
    class_scores,
    confusion_matrix,
    reliability,
    wilson_interval,
)
from fer_edge.types import LABELS, LabelledImages


@dataclass(frozen=True)
class Evaluation:
    """Measured on one split, against the challenge's labels. Fractions 0..1.

    Attributes:
        split: which images.
        images: how many.
        accuracy: top-1.
        interval: its 95 % interval (Wilson).
        accuracy_unseen: without the images that also appear in the training split, which flatter the
            usual figure (280 in PublicTest); None when the training split was not at hand.
        images_unseen: how many these are.
        accuracy_ferplus: against the FER+ majority, where there is one; None without votes.
        images_ferplus: how many these are.
        macro_f1: mean F1 of the classes of which there are images.
        per_class: label -> scores.
        confusion: counts, 7 x 7, row = true label.
        reliability: of the top-1 scores, with the reliability error.
    """

    split: str
    images: int
    accuracy: float
    interval: Interval
    accuracy_unseen: float | None
    images_unseen: int
    accuracy_ferplus: float | None
    images_ferplus: int
    macro_f1: float
    per_class: dict[str, ClassScore]
    confusion: list[list[int]]
    reliability: Reliability

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def evaluate(
    images: LabelledImages,
    probabilities: npt.NDArray[np.float32],
    *,
    training: LabelledImages | None = None,
    votes: Votes | None = None,
) -> Evaluation:
    """Compare probabilities (N x 7) with the labels of `images`.

    Args:
        images: what was predicted.
        probabilities: the model's answers, in the order of `images`.
        training: the training split, to find the images that stand there too.
        votes: the FER+ votes, for the second opinion on what is right.
    """
    predicted = probabilities.argmax(axis=1).astype(np.int64)
    correct = predicted == images.labels
    matrix = confusion_matrix(images.labels, predicted, len(LABELS))
    scores = class_scores(matrix)
    unseen = ~seen_in(images, training) if training is not None else np.zeros(len(images), bool)
    leaders = majority(images, votes) if votes is not None else np.full(len(images), -1)
    return Evaluation(
        split=images.split,
        images=len(images),
        accuracy=float(correct.mean()),
        interval=wilson_interval(int(correct.sum()), len(images)),
        accuracy_unseen=_share(correct, unseen),
        images_unseen=int(unseen.sum()),
        accuracy_ferplus=_share(predicted == leaders, leaders >= 0),
        images_ferplus=int((leaders >= 0).sum()),
        macro_f1=float(np.mean([score.f1 for score in scores if score.images])),
        per_class=dict(zip(LABELS, scores, strict=True)),
        confusion=matrix.tolist(),
        reliability=reliability(probabilities.max(axis=1), correct),
    )


def _share(hits: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_]) -> float | None:
    return float(hits[among].mean()) if among.any() else None
