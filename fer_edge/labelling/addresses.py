"""Paths on this machine, and addresses that fsspec opens."""

from __future__ import annotations

from typing import Any

from fer_edge.errors import FerEdgeError, ImageError


def is_address(source: str) -> bool:
    """Return whether a source is an address for fsspec instead of a path."""
    return "://" in source


def read_bytes(address: str) -> bytes:
    """Return the content of an address.

    Raises:
        ImageError: it cannot be read.
    """
    try:
        filesystem, path = file_system(address)
        return bytes(filesystem.cat_file(path))
    except OSError as error:
        raise ImageError(f"{address}: {(error.strerror or str(error)).lower()}") from error


def file_system(address: str) -> tuple[Any, str]:
    """Return fsspec's file system of an address, and the path in it.

    Raises:
        FerEdgeError: fsspec, or what it needs for this kind of address, is not installed, or it knows no such kind.
    """
    try:
        import fsspec
    except ImportError as error:
        raise FerEdgeError(f"{address} needs fsspec: pip install '.[label]'.") from error
    try:
        filesystem, path = fsspec.core.url_to_fs(address)
    except (ImportError, ValueError) as error:
        raise FerEdgeError(f"Cannot open {address}: {error}.") from error
    return filesystem, path
