"""Training targets: the challenge's labels, the FER+ votes, or a blend of both.

Evaluation always uses the challenge's labels.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fer_edge.errors import DataError
from fer_edge.train.config import Labels
from fer_edge.types import LABELS, LabelledImages
from fer_edge.votes import Votes, votes_of

Targets = npt.NDArray[np.float32]


def one_hot(labels: npt.NDArray[np.int64]) -> Targets:
    """Return the labels as N x 7 targets."""
    return np.eye(len(LABELS), dtype=np.float32)[labels]


def make_targets(kind: Labels, images: LabelledImages, votes: Votes | None) -> Targets:
    """Return N x 7 targets: "fer" one-hot labels, "ferplus" vote shares, "blend" the mean of both.

    An image without votes keeps its label.

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
    return shares if kind == "ferplus" else (labels + shares) / 2
