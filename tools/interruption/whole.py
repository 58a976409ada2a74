"""Whether a file that a command left is whole, by its suffix."""

from __future__ import annotations

import csv
import json
import re
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from fer_edge.modelfile.metadata import read_model


def _keras(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert "fer_edge_training.json" in archive.namelist() or "config.json" in archive.namelist()


def _arrays(path: Path) -> None:
    with np.load(path) as arrays:
        assert all(arrays[name] is not None for name in arrays.files)


def _picture(path: Path) -> None:
    content = path.read_bytes()
    assert content.endswith((b"\xff\xd9", b"IEND\xaeB`\x82"))  # decoders forgive a cut
    assert cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) is not None


def _table(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.endswith("\n")
    assert len({len(row) for row in csv.reader(text.splitlines())}) == 1


def _c_source(path: Path) -> None:
    """A function ends it, or what `c-array` writes last: the length."""
    assert re.search(r"(\}|_len = \d+;)\s*\Z", path.read_text("utf-8"))


_CHECKS: dict[str, Callable[[Path], object]] = {
    ".tflite": read_model,
    ".keras": _keras,
    ".npz": _arrays,
    ".json": lambda path: json.loads(path.read_text("utf-8")),
    ".toml": lambda path: tomllib.loads(path.read_text("utf-8")),
    ".png": _picture,
    ".jpg": _picture,
    ".csv": _table,
    ".html": lambda path: path.read_text("utf-8").rstrip().index("</html>", -20),
    ".c": _c_source,
    ".cc": lambda path: path.read_text("utf-8").rstrip().index("}", -4),
    ".h": lambda path: path.read_text("utf-8").rstrip().index("#endif", -60),
}


def broken(path: Path) -> str:
    """Return what is wrong with a file; empty for a whole one."""
    try:
        _CHECKS[path.suffix](path)
    except Exception as error:  # each reader has errors of its own
        return f"{path.name} is not whole: {type(error).__name__} {error}"[:200]
    return ""
