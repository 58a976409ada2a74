"""Training targets: the challenge's labels, the FER+ votes, or a blend of both.

Evaluation always uses the challenge's labels.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fer_edge.data.votes import Votes, votes_of
from fer_edge.errors import DataError
from fer_edge.train.config import Labels
from fer_edge.types import LABELS, LabelledImages

Targets = npt.NDArray[np.float32]


def one_hot(labels: npt.NDArray[np.int64]) -> Targets:
    """Return the labels as N x 7 targets."""
    return np.eye(len(LABELS), dtype=np.float32)[labels]


def make_targets(kind: Labels, images: LabelledImages, votes: Votes | None, weight: float = 0.5) -> Targets:
    """Return N x 7 targets.

    "fer" are the one-hot labels, "ferplus" the vote shares, "blend" labels and shares mixed, and
    "posterior" the labels mixed with how likely each label is, given the image's votes.

    Args:
        kind: one of the above.
        images: of the training split; one without votes keeps its label.
        votes: the FER+ votes, needed by all but "fer".
        weight: share of the votes (or of what they tell) in "blend" and "posterior".

    Raises:
        DataError: votes are needed and none of the images has any.
    """
    labels = one_hot(images.labels)
    if kind == "fer":
        return labels
    if votes is None:
        raise DataError(f"labels = '{kind}' needs the FER+ votes: pass their CSV with --votes.")
    found = votes_of(images, votes)
    shares = np.stack([label if vote is None else vote for vote, label in zip(found, labels, strict=True)])
    if kind == "ferplus":
        return shares
    if kind == "posterior":
        voted = np.array([vote is not None for vote in found])
        shares[voted] = _label_given_votes(shares[voted], images.labels[voted])
    targets: Targets = ((1 - weight) * labels + weight * shares).astype(np.float32)
    return targets


def _label_given_votes(shares: Targets, labels: npt.NDArray[np.int64]) -> Targets:
    """Return the probability of each of the challenge's labels, given the votes (N x 7 each).

    The annotators of FER+ see 'neutral' and 'happy' far more often than the challenge does, so
    their shares pull a network away from the labels that it is scored on. A logistic regression
    of the label on the shares keeps what the votes tell and drops that bias.
    """
    from sklearn.linear_model import LogisticRegression  # two seconds, and only here

    # C = 10: weak regularisation; 1 and 100 fit the labels equally well (docs/lab-notes.md).
    regression = LogisticRegression(C=10, max_iter=2000).fit(shares, labels)
    targets = np.zeros_like(shares)
    targets[:, regression.classes_] = regression.predict_proba(shares)
    return targets
