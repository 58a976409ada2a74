"""How much a file from a stranger may unpack to, asked before it is unpacked."""

from __future__ import annotations

import os
import zipfile

MAX_UNPACKING = 20
"""How many times its size a file may unpack to. Keras packs nothing, and weights hardly get smaller."""

SPARE_BYTES = 10_000_000
"""What every file may unpack to, however small it is."""


def most_unpacked(size: int) -> int:
    """Return the most bytes that a file of `size` bytes may unpack to, all its parts together."""
    return MAX_UNPACKING * size + SPARE_BYTES


def find_bomb(archive: zipfile.ZipFile, path: str | os.PathLike[str]) -> zipfile.ZipInfo | None:
    """Return the member with which an archive unpacks to more than it may, if there is one.

    `zipfile` unpacks no more of a member than the size that its index states, and that is what counts here.
    """
    left = most_unpacked(os.path.getsize(path))
    for entry in archive.infolist():
        left -= entry.file_size
        if left < 0:
            return entry
    return None
