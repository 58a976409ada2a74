"""The FER+ votes: how ten annotators named each image of FER2013.

FER2013's labels are noisy; FER+ (Barsoum et al. 2016, arXiv:1608.01041) asked ten people about each.
"""

from __future__ import annotations

import csv
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from fer_edge.emotions import find_emotion
from fer_edge.errors import DataError, os_reason
from fer_edge.types import LABELS, LabelledImages

# FER+ columns in the order of LABELS; contempt, unknown and NF (no face) have no class here.
VOTE_COLUMNS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")

MAX_VOTES = 1000
"""For one class of one image: a hundred times as many as FER+ asked."""

Votes = dict[str, npt.NDArray[np.float32]]
"""Image file name -> share of the votes for each of the seven classes."""


def read_votes(path: Path) -> Votes:
    """Return the votes of a CSV: FER+'s own fer2013new.csv, or one with a column `file`.

    It has a column per FER+ class, under whatever name of the emotion, with the number of votes (or empty). An image
    without any vote for the seven classes is left out. FER+'s own rows are those of fer2013.csv, in its order, so they
    are found by the line there.

    Raises:
        DataError: the file is missing or has other columns or values.
    """
    votes: Votes = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = {find_emotion(name): name for name in reader.fieldnames or ()}
            names = [columns[label] for label in LABELS]
            own = "file" not in (reader.fieldnames or ())
            for number, row in enumerate(reader, start=2):
                counts = np.array([_count(row[name]) for name in names], np.float32)
                if counts.sum() > 0:
                    key = f":{number}" if own and "Usage" in row else PurePosixPath(row["file"]).name
                    votes[key] = counts / counts.sum()
    except OSError as error:
        raise DataError(f"{path}: {os_reason(error)}.") from error
    except (KeyError, ValueError, TypeError, csv.Error) as error:
        raise DataError(
            f"Expected in {path} a column file, or FER+'s Usage, and columns with counts up to {MAX_VOTES} of "
            f"{', '.join(VOTE_COLUMNS)}."
        ) from error
    return votes


def _count(text: str) -> int:
    """Return a number of votes.

    Raises:
        ValueError: no whole number from 0 to `MAX_VOTES`.
    """
    count = int(text or 0)
    if not 0 <= count <= MAX_VOTES:
        raise ValueError(f"{count} votes")
    return count


def votes_of(images: LabelledImages, votes: Votes) -> list[npt.NDArray[np.float32] | None]:
    """Return the votes of each image, None where there are none.

    Raises:
        DataError: not one of the images has votes.
    """
    names = [PurePosixPath(name).name for name in images.names]
    found = [votes.get(name, votes.get(f":{name.rpartition(':')[2]}")) for name in names]
    if all(shares is None for shares in found):
        known = next(iter(votes), "none")
        hint = " FER+'s own file goes with fer2013.csv, not with folders." if known.startswith(":") else ""
        raise DataError(
            f"No votes found for these images: expected files like '{names[0]}' in the CSV of the FER+ votes.{hint}"
        )
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
