"""Where copies of FER2013 lie: folders, .zip (also one in another) and .tar.gz, read without unpacking to disk."""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fer_edge.errors import DataError
from fer_edge.files import require_open_folder

# RuntimeError: an encrypted member, or one compressed in a way that Python does not know.
ARCHIVE_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError, NotImplementedError)

MAX_MEMBER_BYTES = 1_000_000_000
"""Of one file in an archive, unpacked: fer2013.csv has 300 MB. An archive can promise far more."""

MAX_TAR_BYTES = 2_000_000_000
"""Of all files of a .tar, which are kept in memory: it has no index to find them by."""


class Read(Protocol):
    """Reads a file of a container."""

    def __call__(self, name: str, most: int = ..., /) -> bytes:
        """Return the file's first `most` bytes; without it all, refused beyond `MAX_MEMBER_BYTES`."""


@dataclass(frozen=True)
class Container:
    """Files under one roof.

    Attributes:
        names: their paths inside, with forward slashes.
        read: returns the bytes of one, or the first of them.
    """

    names: list[str]
    read: Read


@contextmanager
def open_container(path: Path) -> Iterator[Container]:
    """Open a folder or an archive; of a .zip that holds nothing but another archive, that one.

    Raises:
        DataError: neither, or damaged.
    """
    if path.is_dir():
        require_open_folder(path)
        names = [file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()]

        def read(name: str, most: int = MAX_MEMBER_BYTES + 1, /) -> bytes:
            with (path / name).open("rb") as file:
                return _bounded(file.read(most), name)

        yield Container(names, read)
        return
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                yield _inner(_of_zip(archive))
        elif tarfile.is_tarfile(path):
            with tarfile.open(path) as tape:
                yield _of_tar(tape)
        else:
            raise DataError(f"{path} is damaged or has another format. Expected a folder, a .zip, .tar.gz or .csv.")
    except ARCHIVE_DAMAGE as error:
        raise DataError(f"{path} is a damaged archive: {error}. Download it again.") from error


def _of_zip(archive: zipfile.ZipFile) -> Container:
    def read(name: str, most: int = MAX_MEMBER_BYTES + 1, /) -> bytes:
        with archive.open(name) as file:
            return _bounded(file.read(most), name)

    return Container([name for name in archive.namelist() if not name.endswith("/")], read)


def _inner(container: Container) -> Container:
    """Return what a lonely archive in an archive holds."""
    inside = [name for name in container.names if name.lower().endswith((".zip", ".tar", ".tar.gz", ".tgz"))]
    others = [name for name in container.names if name.lower().endswith((".png", ".jpg", ".jpeg", ".csv", ".parquet"))]
    if len(inside) != 1 or others:
        return container
    content = io.BytesIO(container.read(inside[0]))
    if inside[0].lower().endswith(".zip"):
        return _of_zip(zipfile.ZipFile(content))
    with tarfile.open(fileobj=content) as archive:
        return _of_tar(archive)


def _of_tar(archive: tarfile.TarFile) -> Container:
    """Return the files of a .tar, read in the order in which they stand there: it may be packed as a whole."""
    files: dict[str, bytes] = {}
    total = 0
    for member in archive:
        source = archive.extractfile(member) if member.isfile() else None
        if source is None:
            continue
        total += member.size
        if total > MAX_TAR_BYTES:
            raise DataError(f"The .tar holds over {MAX_TAR_BYTES // 10**6:,} MB, more than a copy of FER2013 has.")
        files[member.name.removeprefix("./")] = source.read()
    return Container(list(files), lambda name, most=MAX_MEMBER_BYTES: files[name][:most])


def _bounded(content: bytes, name: str) -> bytes:
    if len(content) > MAX_MEMBER_BYTES:
        raise DataError(f"{name} unpacks to over {MAX_MEMBER_BYTES // 10**6:,} MB, more than a copy of FER2013 has.")
    return content
