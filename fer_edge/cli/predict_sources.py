"""What `fer-edge predict` reads: files, folders, patterns, stdin and web addresses, as a list of pictures."""

from __future__ import annotations

import glob
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from fer_edge.errors import ImageError
from fer_edge.output import console

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MAX_DOWNLOAD_BYTES = 50_000_000
DOWNLOAD_SECONDS = 30.0
"""For one picture, from the first byte to the last: an address may never end, or drip."""

SILENCE_SECONDS = 10.0
"""How long an address may send nothing."""

BLOCK = 65_536
LISTED = 10
"""Names of files in a message."""


@dataclass(frozen=True)
class PictureItem:
    """One picture.

    Attributes:
        name: as the user knows it.
        file_name: what an annotated copy in a folder is called, with the folders inside the one that was named.
        read: returns its pixels (BGR), or raises ImageError.
    """

    name: str
    file_name: str
    read: Callable[[], npt.NDArray[np.uint8]]


def find_pictures(sources: Iterable[str], *, recursive: bool = False) -> list[PictureItem]:
    """Return the pictures that the sources name, in their order; those in a folder, in the order of their names.

    Args:
        sources: files, folders, patterns such as "photos/*.jpg", "-" for stdin, http:// or https:// addresses.
        recursive: enter the folders inside folders.

    Raises:
        ImageError: a folder holds no picture, a pattern matches nothing, or a file is a video.
    """
    return [item for source in sources for item in _find(source, recursive=recursive)]


def _find(source: str, *, recursive: bool) -> list[PictureItem]:
    if source == "-":
        return [PictureItem("stdin", "stdin.jpg", _read_stdin)]
    if source.startswith(("http://", "https://")):
        return [PictureItem(source, _file_name(source), lambda: _read_address(source))]
    path = Path(source)
    if path.is_dir():
        return [_of_file(inside, inside.relative_to(path)) for inside in _pictures_in(path, recursive=recursive)]
    if not path.exists() and glob.has_magic(source):
        found = sorted(glob.glob(source, recursive=True))
        if not found:
            raise ImageError(f"{source}: no file matches this pattern.")
        return [item for match in found for item in _find(match, recursive=recursive)]
    _refuse_video(path)
    return [_of_file(path)]


def _file_name(address: str) -> str:
    try:
        return PurePosixPath(urlsplit(address).path).name or "picture.jpg"
    except ValueError as error:
        raise ImageError(f"{address}: {error}.") from error


def _pictures_in(folder: Path, *, recursive: bool) -> list[Path]:
    from fer_edge.runtime.image_header import PICTURE_SUFFIXES, UNREAD_SUFFIXES

    # A pipe would be waited for; hidden are the notes of file managers, and pictures that were never finished.
    found = sorted(folder.rglob("*") if recursive else folder.iterdir())
    files = [file for file in found if file.is_file() and not _is_hidden(file.relative_to(folder))]
    if unread := [file.name for file in files if file.suffix.lower() in UNREAD_SUFFIXES]:
        more = f" and {len(unread) - LISTED:,} more" if len(unread) > LISTED else ""
        console.print_warning(
            f"{folder}: left out {', '.join(unread[:LISTED])}{more}: their format is not read. "
            "Convert them to JPEG first."
        )
    inside = [file for file in files if file.suffix.lower() in PICTURE_SUFFIXES]
    if not inside:
        below = "" if recursive or not any(file.is_dir() for file in found) else " Enter its folders with --recursive."
        raise ImageError(f"The folder {folder} contains no pictures ({', '.join(sorted(PICTURE_SUFFIXES))}).{below}")
    return inside


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _of_file(path: Path, inside: Path | None = None) -> PictureItem:
    from fer_edge.runtime.preprocess import read_picture

    return PictureItem(str(path), (inside or Path(path.name)).as_posix(), lambda: read_picture(path))


def _refuse_video(path: Path) -> None:
    from fer_edge.labelling.stretches import VIDEO_SUFFIXES

    if path.suffix.lower() in VIDEO_SUFFIXES:
        raise ImageError(f"{path} is a video: run 'fer-edge watch {path} --csv faces.csv'.")


def _read_stdin() -> npt.NDArray[np.uint8]:
    from fer_edge.runtime.preprocess import MAX_BYTES, decode_picture

    if sys.stdin is None or sys.stdin.isatty():
        raise ImageError("stdin is a terminal: pipe a picture into 'fer-edge predict -'.")
    try:
        return decode_picture(sys.stdin.buffer.read(MAX_BYTES + 1))
    except ImageError as error:
        raise ImageError(f"stdin: {error}") from error


def _read_address(address: str) -> npt.NDArray[np.uint8]:
    from fer_edge import __version__
    from fer_edge.runtime.preprocess import decode_picture

    request = urllib.request.Request(address, headers={"User-Agent": f"fer-edge/{__version__}"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=SILENCE_SECONDS) as answer:  # noqa: S310 -- http(s), see _find
            return decode_picture(_download(answer))
    except ImageError as error:
        raise ImageError(f"{address}: {error}") from error
    except TimeoutError as error:
        raise ImageError(f"{address}: no answer within {SILENCE_SECONDS:.0f} s.") from error
    except urllib.error.HTTPError as error:
        raise ImageError(f"{address}: the server answered {error.code} {error.reason}.") from error
    except (OSError, ValueError) as error:  # URLError, HTTPException and UnicodeError among them
        reason = getattr(error, "reason", None) or error
        raise ImageError(f"{address}: {getattr(reason, 'strerror', None) or reason}.") from error


def _download(answer: BinaryIO) -> bytes:
    """Return all of an answer, unless it is too large or takes too long."""
    deadline, data = time.monotonic() + DOWNLOAD_SECONDS, bytearray()
    # read1 returns what has come: a drip cannot hold it until a block is full.
    read = getattr(answer, "read1", answer.read)
    while block := read(BLOCK):
        data += block
        if len(data) > MAX_DOWNLOAD_BYTES:
            raise ImageError(f"larger than {MAX_DOWNLOAD_BYTES // 10**6} MB.")
        if time.monotonic() > deadline:
            raise ImageError(f"not complete after {DOWNLOAD_SECONDS:.0f} s.")
    return bytes(data)
