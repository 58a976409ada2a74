"""The names that people give to emotions, and the forms in which they list labels.

One table for folders of images, models, votes and options: `angry`, `Anger` and `angriness` are one class.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence
from pathlib import Path

from fer_edge.errors import ModelError
from fer_edge.types import LABELS

CONTEMPT = "contempt"
"""An eighth class that FER+, AffectNet and CK+ know, and FER2013 does not measure."""

SYNONYMS = {
    "angry": ("anger", "angriness", "angery", "mad", "an", "ang"),
    "disgust": ("disgusted", "disgusting", "digust", "di", "dis"),
    "fear": ("fearful", "afraid", "scared", "fears", "af", "fe", "fea"),
    "happy": ("happiness", "joy", "joyful", "happily", "smile", "ha", "hap"),
    "neutral": ("neutrality", "normal", "natural", "calm", "ne", "neu"),
    "sad": ("sadness", "unhappy", "sorrow", "sa"),
    "surprise": ("surprised", "surprising", "suprise", "suprised", "surpise", "surprize", "su", "sur"),
    CONTEMPT: ("contemptuous", "comtempt", "contempted", "con"),
}
"""Canonical name -> what else people write; the two letters are JAFFE's and KDEF's, the three KDEF's and CK+'s."""

_CANONICAL = {word: name for name, words in SYNONYMS.items() for word in (name, *words)}

CHALLENGE_ORDER = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The order of the integers in fer2013.csv. It is *not* alphabetical: neutral comes last.

Mixing it up with `LABELS` costs about 25 points of accuracy.
"""

LABEL_ORDERS = {
    "alphabetical": LABELS,
    "the challenge's": CHALLENGE_ORDER,
    "RAF-DB's": ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral"),
    "AffectNet's": ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry"),
    "FER+'s": ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear"),
    "alphabetical with contempt": tuple(sorted((*LABELS, CONTEMPT))),
    "FER+'s with contempt": ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", CONTEMPT),
    "AffectNet's with contempt": ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", CONTEMPT),
}
"""The orders in which networks for these emotions usually answer."""

MAX_LABELS = 100_000
MAX_LABEL_BYTES = 10_000_000


def find_emotion(name: str) -> str | None:
    """Return the canonical name of an emotion however it is written, contempt among them; None for another word."""
    word = re.sub(r"[^a-z]", "", name.casefold())
    return _CANONICAL.get(word)


def canonical_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """Return labels under their canonical names where all are different emotions, else as they are."""
    named = [find_emotion(label) for label in labels]
    found = tuple(name for name in named if name is not None)
    return found if len(found) == len(labels) == len(set(found)) else tuple(labels)


def measured_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """Return those of a model's labels that FER2013 measures, in the order of `LABELS`.

    All must be emotions, and two of them FER2013's; otherwise none is, since the model answers another question.
    """
    named = {find_emotion(label) for label in labels}
    found = tuple(label for label in LABELS if label in named)
    return found if None not in named and len(named) == len(labels) and len(found) > 1 else ()


def read_labels(text: str) -> tuple[str, ...]:
    """Return the labels that a user names: a list with commas, or the path of a file in any form of `parse_labels`.

    Raises:
        ModelError: the file cannot be read, or there are no labels, or two are the same.
    """
    path = Path(text)
    try:
        if len(text) < 4096 and path.is_file():
            content = path.read_bytes()[: MAX_LABEL_BYTES + 1]
            return parse_labels(content.decode(_encoding(content)), str(path))
    except (OSError, ValueError) as error:  # a name too long, or with a null byte; text in no encoding
        raise ModelError(f"Expected labels in {text}, which cannot be read: {error}.") from error
    if path.suffix.lower() in {".txt", ".json", ".csv", ".names"}:
        raise ModelError(f"Expected labels in {text}: no such file.")
    return parse_labels(text, "--labels")


def parse_labels(text: str, name: str = "--labels") -> tuple[str, ...]:
    """Return the labels of a text, in the order of the outputs, emotions under their canonical names.

    Forms: with commas or one a line; a JSON or Python list; a dictionary from number to label or from label to
    number; lines such as `0 Angry`, `0: Angry` or `0,Angry`, as Teachable Machine writes them.

    Args:
        text: what was written.
        name: what errors call it.

    Raises:
        ModelError: there are no labels, or two are the same.
    """
    labels = [label.strip() for label in _split(text.strip().lstrip("\ufeff").strip(), name)]
    if not labels or not all(labels):
        raise ModelError(f"{name}: expected labels such as Angry,Happy,Sad, got none, or an empty one among them.")
    if len(labels) > MAX_LABELS:
        raise ModelError(f"{name}: expected at most {MAX_LABELS:,} labels, got {len(labels):,}.")
    repeated = {label for label in labels if labels.count(label) > 1} if len(labels) < 5000 else set()
    if len(set(labels)) < len(labels):
        which = f" '{sorted(repeated)[0]}' stands there twice." if repeated else ""
        raise ModelError(f"{name}: expected different labels.{which}")
    return canonical_labels(labels)


def _split(text: str, name: str) -> list[str]:
    if text[:1] in {"[", "{", "("}:
        return _from_structure(_decode(text, name), name)
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return text.split(",") if text else []
    numbered = [re.match(r"\s*(\d+)\s*[\s:,;=.\-]\s*(.+)", line) for line in lines]
    if all(numbered):
        return _in_order({int(found[1]): found[2] for found in numbered if found}, len(lines), name)
    return [line.strip().rstrip(",") for line in lines]


def _decode(text: str, name: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text)  # {0: 'Angry'}, as people copy it from their code
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError) as error:
        raise ModelError(f"{name}: expected a list or dictionary of labels, got {text[:60]!r}.") from error


def _from_structure(value: object, name: str) -> list[str]:
    if isinstance(value, dict):
        if all(isinstance(index, int) and not isinstance(index, bool) for index in value.values()):
            value = {index: label for label, index in value.items()}  # as Keras's class_indices has it
        try:
            return _in_order({int(index): str(label) for index, label in value.items()}, len(value), name)
        except (ValueError, TypeError) as error:
            raise ModelError(f"{name}: expected a dictionary of numbers and labels, got {value!r:.80}.") from error
    if isinstance(value, (list, tuple)) and all(isinstance(label, str) for label in value):
        return list(value)
    raise ModelError(f"{name}: expected a list of labels, got {value!r:.80}.")


def _in_order(labels: dict[int, str], count: int, name: str) -> list[str]:
    """Return labels by their numbers, which must count up from 0 or 1."""
    start = min(labels, default=0)
    if len(labels) != count or start not in {0, 1} or sorted(labels) != list(range(start, start + count)):
        raise ModelError(f"{name}: expected labels numbered from 0 without gaps, got {sorted(labels)[:10]}.")
    return [labels[index] for index in sorted(labels)]


def _encoding(content: bytes) -> str:
    """Return how a text file is encoded: Windows's editors write UTF-16 with a mark, all others UTF-8."""
    return "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
