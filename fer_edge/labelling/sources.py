"""What the user names -- folders, patterns, lists, files, addresses -- as a list of items."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from fer_edge.errors import ImageError, closed_folder, os_reason
from fer_edge.labelling.addresses import file_system, is_address
from fer_edge.labelling.items import Item
from fer_edge.labelling.stretches import VIDEO_SUFFIXES, split_video
from fer_edge.runtime.image_header import PICTURE_SUFFIXES

Problem = tuple[Item, str]


def find_items(sources: Iterable[str]) -> tuple[list[Item], list[Problem]]:
    """Return the items that the sources name, each once and sorted, and those that cannot even be looked at.

    Args:
        sources: paths, folders (searched with all below them), patterns such as "photos/**/*.jpg", "@FILE" for
            a list with one source a line, or addresses that fsspec knows, such as s3://bucket/folder.

    Raises:
        ImageError: a source does not exist, or nothing at all was found.
        FerEdgeError: fsspec is needed and not installed, or does not know an address.
    """
    items: set[Item] = set()
    problems: list[Problem] = []
    for path in sorted(set(_expand(sources))):
        if _suffix(path) not in VIDEO_SUFFIXES:
            items.add(Item(path))
            continue
        try:
            items.update(Item(path, start, end) for start, end in split_video(path))
        except ImageError as error:
            problems.append((Item(path), str(error)))
    if not items and not problems:
        raise ImageError("Nothing to label: no picture and no video was found.")
    return sorted(items, key=lambda item: (item.source, item.start or 0.0)), problems


def _expand(sources: Iterable[str]) -> Iterator[str]:
    for source in sources:
        if source.startswith("@"):
            yield from _expand(_read_list(source[1:]))
        elif is_address(source):
            yield from _expand_address(source)
        elif os.path.isdir(source):
            yield from _walk(source)
        elif os.path.exists(source):
            yield source
        else:
            found = [path for path in glob.iglob(source, recursive=True) if os.path.isfile(path)]
            if not found:
                reason = closed_folder(source) or "no such file, and no file matches it as a pattern"
                raise ImageError(f"{source}: {reason}")
            yield from found


def _read_list(path: str) -> list[str]:
    try:
        text = Path(path).read_text(encoding="utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise ImageError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    return [line.strip() for line in text.splitlines() if line.strip()]


def _refuse(error: OSError) -> None:
    """Do not take a closed folder for an empty one."""
    raise ImageError(f"{error.filename}: {os_reason(error)}") from error


def _walk(folder: str) -> Iterator[str]:
    for place, _, names in os.walk(folder, onerror=_refuse):
        for name in names:
            path = os.path.join(place, name)
            if _suffix(name) in PICTURE_SUFFIXES | VIDEO_SUFFIXES and not name.startswith(".") and os.path.isfile(path):
                yield path


def _expand_address(address: str) -> Iterator[str]:
    filesystem, path = file_system(address)
    try:
        if any(mark in path for mark in "*?["):
            found = filesystem.glob(path)
        elif filesystem.isdir(path):
            found = [name for name in filesystem.find(path) if _suffix(name) in PICTURE_SUFFIXES | VIDEO_SUFFIXES]
        else:
            found = [path]
    except OSError as error:
        raise ImageError(f"{address}: {(error.strerror or str(error)).lower()}") from error
    yield from (filesystem.unstrip_protocol(name) for name in found)


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()
