"""FER2013 in Parquet, as data hubs hold it: an encoded image and a class number a row, a file a split."""

from __future__ import annotations

import io
import json
from collections import Counter
from typing import Any

import numpy as np

from fer_edge.data.class_names import EVERY_NAME, LEFT_OUT, ClassNames
from fer_edge.data.pixel_table import Table
from fer_edge.emotions import CHALLENGE_ORDER
from fer_edge.errors import DataError, ImageError
from fer_edge.runtime.preprocess import decode_grey, to_face
from fer_edge.types import FACE_SIZE, LABELS, LabelledImages

_SPLITS = {
    "train": "train",
    "valid": "public",
    "val": "public",
    "test": "test",
    "public": "public",
    "private": "private",
}


def read_parquet(content: bytes, name: str, wanted: set[str], known: ClassNames = EVERY_NAME) -> Table:
    """Return the images of a Parquet file; its name tells the split.

    Args:
        content: the file.
        name: such as "train-00000-of-00001.parquet".
        wanted: the splits to read.
        known: what classes are called.

    Raises:
        DataError: pyarrow is not installed, or there are no columns `image` and `label`.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise DataError(f"{name}: Parquet needs pyarrow. Run 'pip install pyarrow'.") from error
    split = next((split for word, split in _SPLITS.items() if word in name.lower()), "train")
    if split not in wanted:
        return Table({}, [])
    try:
        table = pyarrow.parquet.read_table(io.BytesIO(content))
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{name} cannot be read as Parquet: {error}.") from error
    labels = next((column for column in ("label", "labels", "emotion") if column in table.column_names), None)
    if labels is None or "image" not in table.column_names:
        raise DataError(f"{name}: expected the columns image and label, got {', '.join(table.column_names)}.")
    names = _class_names(table.schema.metadata or {}, labels)
    faces, found, titles, unreadable, resized = [], [], [], [], []
    left_out: Counter[str] = Counter()
    for number, (image, label) in enumerate(
        zip(table["image"].to_pylist(), table[labels].to_pylist(), strict=True), start=1
    ):
        title = f"{name}:{number}"
        word = _class_name(label, names, known)
        if known.decide(word) == LEFT_OUT:
            left_out[word] += 1
            continue
        picture, emotion = _decode(image), known.find(word)
        if picture is None or emotion not in LABELS:
            unreadable.append(title)
            continue
        if picture.shape != (FACE_SIZE, FACE_SIZE):
            resized.append(f"{title} ({picture.shape[1]}x{picture.shape[0]})")
        faces.append(to_face(picture))
        found.append(LABELS.index(emotion))
        titles.append(title)
    notes = [f"{name} is read as the split '{split}', by its name."]
    if not names:
        notes.append(f"{name} does not name its classes: the challenge's order is assumed.")
    notes += [f"{count:,} images of '{word}' are left out." for word, count in left_out.items()]
    if not faces:
        return Table({}, unreadable, resized, notes)
    images = LabelledImages(np.stack(faces), np.array(found, np.int64), split, tuple(titles))
    return Table({split: images}, unreadable, resized, notes)


def _class_names(metadata: dict[bytes, bytes], column: str) -> list[str]:
    """Return the names of the class numbers, as Hugging Face's library notes them in the schema."""
    try:
        names = json.loads(metadata[b"huggingface"])["info"]["features"][column]["names"]
    except (KeyError, ValueError, TypeError):
        return []
    return [str(name) for name in names] if isinstance(names, list) else []


def _decode(image: Any) -> np.ndarray | None:
    data = image.get("bytes") if isinstance(image, dict) else image
    try:
        return decode_grey(data) if isinstance(data, bytes) else None
    except ImageError:
        return None


def _class_name(label: Any, names: list[str], known: ClassNames) -> str:
    """Return what a row's class is called; a number that the user did not decide stands for a name of the order."""
    if isinstance(label, int) and known.decide(str(label)) is None:
        order = names or list(CHALLENGE_ORDER)
        return order[label] if 0 <= label < len(order) else str(label)
    return str(label)
