"""FER2013 as a table with a row of pixels per image: the challenge's CSV, and what became of it."""

from __future__ import annotations

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TextIO

import numpy as np

from fer_edge.data.class_names import EVERY_NAME, LEFT_OUT, ClassNames
from fer_edge.data.folders import USAGES
from fer_edge.emotions import CHALLENGE_ORDER
from fer_edge.errors import DataError
from fer_edge.runtime.preprocess import to_face
from fer_edge.types import FACE_SIZE, LABELS, SPLITS, LabelledImages

_EMOTION = ("emotion", "label", "class", "target")
_PIXELS = ("pixels", "pixel", "image")
_USAGE = ("usage", "split", "set")
_USAGE_WORDS = {**USAGES, "train": "train", "test": "test", "validation": "public", "val": "public"}
MAX_FIELD = 2_000_000
"""Characters of a cell: enough for pictures of 512x512."""

MAX_LINE = 2 * MAX_FIELD
"""Characters of a line: a file of one endless line would fill the memory."""


@dataclass(frozen=True)
class Table:
    """What a table holds: the usable images, and what is to be said of the others."""

    splits: dict[str, LabelledImages]
    unreadable: list[str]
    resized: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def bounded_lines(file: TextIO, name: str) -> Iterator[str]:
    """Yield the lines of a table, none of them endless.

    Raises:
        DataError: a line has more than `MAX_LINE` characters.
    """
    while line := file.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise DataError(
                f"{name} has a line with more than {MAX_LINE:,} characters, which no picture of a face needs."
            )
        yield line


def read_table(lines: Iterable[str], name: str, wanted: set[str], known: ClassNames = EVERY_NAME) -> Table:
    """Return the images of a CSV, with commas, semicolons or tabs, columns in any order and case.

    Args:
        lines: its text.
        name: of the file, for the names of images and for errors.
        wanted: the splits; the pixels of others are not parsed, which is what takes the time.
        known: what classes are called.

    Raises:
        DataError: columns are missing, or it is no CSV.
    """
    rows = iter(lines)
    header = next(rows, "").lstrip("\ufeff")
    separator = max(",;\t", key=header.count)
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(rows, delimiter=separator, skipinitialspace=True)
    columns = [cell.strip().strip('"').lower() for cell in header.split(separator)]
    emotion, pixels = _find(columns, _EMOTION), _find(columns, _PIXELS)
    usage = _find(columns, _USAGE)
    if emotion is None or pixels is None:
        missing = "emotion" if emotion is None else "pixels"
        raise DataError(f"Expected the columns emotion, pixels and Usage in {name}, missing: {missing}.")
    notes = []
    assumed = "test" if any(word in name.lower() for word in ("test", "val")) else "train"
    if usage is None:
        notes.append(f"{name} has no column Usage: all its images are read as the split '{assumed}'.")
    found: dict[str, list[tuple[np.ndarray, int, str]]] = defaultdict(list)
    unreadable, resized = [], []
    left_out: Counter[str] = Counter()
    try:
        for number, row in enumerate(reader, start=2):
            if not row:
                continue
            title = f"{name}:{number}"
            cells = [row[at].strip() if at is not None and at < len(row) else "" for at in (emotion, pixels, usage)]
            split = assumed if usage is None else _USAGE_WORDS.get(cells[2].lower())
            if split is not None and split not in wanted:
                continue
            if known.decide(cells[0]) == LEFT_OUT:
                left_out[cells[0]] += 1
                continue
            label, face = _parse_emotion(cells[0], known), _parse_pixels(cells[1])
            if split is None or label is None or face is None:
                unreadable.append(title)
                continue
            if face.shape != (FACE_SIZE, FACE_SIZE):
                resized.append(f"{title} ({face.shape[1]}x{face.shape[0]})")
            found[split].append((to_face(face), label, title))
    except csv.Error as error:
        raise DataError(f"{name} cannot be read as a CSV: {error}.") from error
    notes += [f"{count:,} images of '{word}' are left out." for word, count in left_out.items()]
    return Table({split: _collect(found[split], split) for split in SPLITS if found[split]}, unreadable, resized, notes)


def _collect(rows: list[tuple[np.ndarray, int, str]], split: str) -> LabelledImages:
    faces, labels, names = zip(*rows, strict=True)
    return LabelledImages(np.stack(faces), np.array(labels, np.int64), split, names)


def _find(columns: list[str], names: tuple[str, ...]) -> int | None:
    return next((columns.index(name) for name in names if name in columns), None)


def _parse_emotion(text: str, known: ClassNames) -> int | None:
    """Return the index in `LABELS` of the challenge's class number, or of a word; None for anything else."""
    if known.decide(text) is None and text in {"0", "1", "2", "3", "4", "5", "6"}:
        return LABELS.index(CHALLENGE_ORDER[int(text)])
    name = known.find(text)
    return LABELS.index(name) if name in LABELS else None


def _parse_pixels(text: str) -> np.ndarray | None:
    """Return the square uint8 image of a row of numbers, or None when it is not one."""
    try:
        values = np.array(text.strip("[]").replace(",", " ").split(), dtype=np.int64)
    except (ValueError, OverflowError):
        return None
    edge = math.isqrt(values.size)
    if edge < 8 or edge * edge != values.size or values.min() < 0 or values.max() > 255:
        return None
    return values.astype(np.uint8).reshape(edge, edge)
