"""The FER+ votes: how ten annotators named each image of FER2013.

FER2013's labels are noisy; FER+ (Barsoum et al. 2016, arXiv:1608.01041) asked ten people about each.
"""

from __future__ import annotations

import csv
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from fer_edge.errors import DataError
from fer_edge.types import LabelledImages

# FER+ columns in the order of LABELS; contempt, unknown and NF (no face) have no class here.
VOTE_COLUMNS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")

Votes = dict[str, npt.NDArray[np.float32]]
"""Image file name -> share of the votes for each of the seven classes."""


def read_votes(path: Path) -> Votes:
    """Return the votes of a CSV.

    It has a column `file` and one per FER+ class with the number of votes (or empty). An image
    without any vote for the seven classes is left out.

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


def votes_of(images: LabelledImages, votes: Votes) -> list[npt.NDArray[np.float32] | None]:
    """Return the votes of each image, None where there are none.

    Raises:
        DataError: not one of the images has votes.
    """
    names = [PurePosixPath(name).name for name in images.names]
    found = [votes.get(name) for name in names]
    if all(shares is None for shares in found):
        raise DataError(f"The FER+ votes know none of these images: expected files like '{names[0]}' in their CSV.")
    return found


def majority(images: LabelledImages, votes: Votes) -> npt.NDArray[np.int64]:
    """Return the class with the most votes for each image, -1 where there are none or two share the lead.

    Raises:
        DataError: not one of the images has votes.
    """
    leaders = np.full(len(images), -1, np.int64)
    for index, shares in enumerate(votes_of(images, votes)):
        if shares is not None and (shares == shares.max()).sum() == 1:
            leaders[index] = shares.argmax()
    return leaders
