"""Training targets: the challenge's labels, ten annotators' votes, or a blend of both.

FER2013's labels are noisy; FER+ (Barsoum et al. 2016, arXiv:1608.01041) asked ten annotators about
each image. Evaluation always uses the challenge's labels.
"""

from __future__ import annotations

import csv
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from fer_edge.errors import DataError
from fer_edge.train.config import Labels
from fer_edge.types import LABELS, LabelledImages

# FER+ columns in the order of LABELS; contempt, unknown and NF (no face) have no class here.
VOTE_COLUMNS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")

Targets = npt.NDArray[np.float32]
Votes = dict[str, Targets]


def one_hot(labels: npt.NDArray[np.int64]) -> Targets:
    """Return the labels as N x 7 targets."""
    return np.eye(len(LABELS), dtype=np.float32)[labels]


def read_votes(path: Path) -> Votes:
    """Return image file name -> share of the votes for each of the seven classes.

    The CSV has a column `file` and one per FER+ class with the number of votes (or empty). An image without
    any vote for the seven classes is left out.

    Raises:
        DataError: the file is missing or has other columns or values.
    """
    votes: Votes = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                counts = np.array([int(row[name] or 0) for name in VOTE_COLUMNS], np.float32)
                if counts.sum() > 0:
                    votes[PurePosixPath(row["file"]).name] = counts / counts.sum()
    except OSError as error:
        raise DataError(f"Expected the FER+ votes at {path}: {error.strerror}.") from error
    except (KeyError, ValueError, TypeError) as error:
        raise DataError(f"Expected columns file, {', '.join(VOTE_COLUMNS)} with counts in {path}.") from error
    return votes


def make_targets(kind: Labels, images: LabelledImages, votes: Votes | None) -> Targets:
    """Return N x 7 targets: "fer" one-hot labels, "ferplus" vote shares, "blend" the mean of both.

    An image without votes keeps its label.

    Raises:
        DataError: votes are needed and none of the images has any.
    """
    labels = one_hot(images.labels)
    if kind == "fer":
        return labels
    names = [PurePosixPath(name).name for name in images.names]
    if not votes or not any(name in votes for name in names):
        raise DataError(
            f"labels = '{kind}' needs FER+ votes for these images: pass --votes with a CSV that names "
            f"files like '{names[0]}'."
        )
    shares = np.stack([votes.get(name, label) for name, label in zip(names, labels, strict=True)])
    return shares if kind == "ferplus" else (labels + shares) / 2
