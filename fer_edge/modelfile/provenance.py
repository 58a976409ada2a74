"""Where a result came from: versions, host, and the training record that a .keras file carries."""

from __future__ import annotations

import json
import platform
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import fer_edge

TRAINING_MEMBER = "fer_edge.json"
"""Name of the training record inside a .keras file, which is a ZIP archive; Keras ignores it."""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # a fixed time, so that equal content gives equal bytes


def versions(*packages: str) -> dict[str, str]:
    """Return the versions of fer-edge, Python and the named installed packages."""
    found = {"fer-edge": fer_edge.__version__, "python": platform.python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def store_training(path: Path, record: dict[str, Any]) -> None:
    """Add the training record to a .keras file just saved."""
    with zipfile.ZipFile(path, "a") as archive:
        write_json_member(archive, TRAINING_MEMBER, record)


def write_json_member(archive: zipfile.ZipFile, name: str, content: dict[str, Any]) -> None:
    """Add `content` as JSON to an archive, with a fixed time and order.

    Stored, not packed: another zlib would pack it into other bytes.
    """
    archive.writestr(zipfile.ZipInfo(name, _EPOCH), canonical_json(content), zipfile.ZIP_STORED)


def canonical_json(content: dict[str, Any]) -> str:
    """Return the one JSON text that fer-edge writes for `content`."""
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
