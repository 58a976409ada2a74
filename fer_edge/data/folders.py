"""What the names of folders and files say of images: which split, which emotion."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from fer_edge.data.class_names import EVERY_NAME, ClassNames, how_to_settle
from fer_edge.emotions import CHALLENGE_ORDER, LABEL_ORDERS
from fer_edge.errors import DataError
from fer_edge.types import LABELS

IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif"}
USAGES = {"training": "train", "publictest": "public", "privatetest": "private"}
"""The challenge's own names, as its CSV and the file names of some copies have them."""

_SPLIT_WORDS = {
    **USAGES,
    **dict.fromkeys(("train", "trainset", "trainingset"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "validationset", "dev", "eval"), "validation"),
    **dict.fromkeys(("test", "testing", "testset"), "test"),
}


@dataclass(frozen=True)
class Entry:
    """One image that is not yet read: its name, split, and index in `LABELS`."""

    name: str
    split: str
    label: int


@dataclass(frozen=True)
class Listing:
    """The images of a copy, and in sentences what had to be assumed or was left out."""

    entries: list[Entry]
    notes: list[str] = field(default_factory=list)


def list_entries(names: Sequence[str], source: Path, known: ClassNames = EVERY_NAME) -> Listing:
    """Return the images among file names such as ``train/angry/1.png`` or ``CK+48/anger/1.png``.

    Args:
        names: of all files.
        source: where they lie, for errors.
        known: what class folders are called.

    Raises:
        DataError: a class folder that is no emotion.
    """
    files = [path for path in map(PurePosixPath, sorted(names)) if _is_image(path)]
    placed = [(path, _split_word(path), path.parts[-2]) for path in files if len(path.parts) > 1]
    if any(word for _, word, _ in placed):
        placed, stray = [item for item in placed if item[1]], [item for item in placed if not item[1]]
    else:
        placed, stray = [item for item in placed if known.find(item[2])], []
    classes = _read_classes({folder for _, _, folder in placed}, source, known)
    words = {word for _, word, _ in placed if word}
    notes = _notes(words, stray, classes)
    entries = [
        Entry(str(path), _split_of(path, word, words), LABELS.index(classes[folder]))
        for path, word, folder in placed
        if classes[folder] in LABELS
    ]
    left_out = Counter(folder for _, _, folder in placed if classes[folder] not in LABELS)
    notes += [
        f"{count:,} images of '{folder}' are left out{'' if known.decide(folder) else ': FER2013 has no such class'}."
        for folder, count in left_out.items()
    ]
    return Listing(entries, notes)


def _is_image(path: PurePosixPath) -> bool:
    hidden = path.name.startswith(".") or "__MACOSX" in path.parts
    return path.suffix.lower() in IMAGE_SUFFIXES and not hidden


def _split_word(path: PurePosixPath) -> str:
    """Return which split the folder above the class folder names; empty where it names none."""
    return _SPLIT_WORDS.get(re.sub(r"[^a-z]", "", path.parts[-3].lower()), "") if len(path.parts) > 2 else ""


def _split_of(path: PurePosixPath, word: str, words: set[str]) -> str:
    """Return the split of a file; the Kaggle edition keeps it in the prefix of test file names."""
    named = USAGES.get(path.name.partition("_")[0].lower())
    if word == "test" and named in {"public", "private"}:
        return named
    if word == "validation":
        return "public" if "test" in words else "test"
    if word == "test" and "validation" in words:
        return "private"
    return word or "test"


def _read_classes(folders: set[str], source: Path, known: ClassNames) -> dict[str, str]:
    """Return folder -> emotion, contempt among them, or `LEFT_OUT`."""
    decided = {folder: emotion for folder in folders if (emotion := known.decide(folder))}
    return decided | _guess_classes(folders - set(decided), source, known)


def _guess_classes(folders: set[str], source: Path, known: ClassNames) -> dict[str, str]:
    if folders and all(folder.isdecimal() for folder in folders):
        numbers = {int(folder) for folder in folders}
        if numbers <= set(range(7)):
            return {folder: CHALLENGE_ORDER[int(folder)] for folder in folders}
        if numbers == set(range(1, 8)):
            return {folder: LABEL_ORDERS["RAF-DB's"][int(folder) - 1] for folder in folders}
        raise DataError(
            f"{source} has class folders {sorted(numbers)}. Expected 0 to 6, or RAF-DB's 1 to 7. Say of each number "
            "which emotion it is, as in --map 3=happy, or leave it out with --leave-out 3."
        )
    classes = {folder: known.find(folder) for folder in folders}
    unknown = sorted(folder for folder, emotion in classes.items() if emotion is None)
    if unknown:
        raise DataError(f"{source} has an unknown class folder '{unknown[0]}'. {how_to_settle(unknown[0])}")
    return {folder: emotion for folder, emotion in classes.items() if emotion is not None}


def _notes(words: set[str], stray: list[tuple[PurePosixPath, str, str]], classes: dict[str, str]) -> list[str]:
    notes = []
    if "validation" in words:
        read_as = "'public', and test as 'private'" if "test" in words else "'test': it may hold both test splits"
        notes.append(f"The validation folder is read as the split {read_as}.")
    if classes and not words:
        notes.append("There are no folders for splits: all images are read as the split 'test'.")
    if any(folder.isdecimal() for folder in classes):
        order = "the challenge's" if "0" in classes or "7" not in classes else "RAF-DB's"
        notes.append(f"The numbers of the class folders are read in {order} order.")
    folders = Counter("/".join(path.parts[:-2]) for path, _, _ in stray)
    notes += [f"{count:,} images in '{folder}' are ignored: it names no split." for folder, count in folders.items()]
    return notes
