"""Writing results: whole or not at all, and never over something without being asked."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from fer_edge.errors import OutputError


def write_bytes(path: Path, data: bytes, *, force: bool = True) -> None:
    """Write `data` to `path` in one step: afterwards the file is whole, or as it was before.

    Raises:
        OutputError: the folder cannot be made or written, the disk is full, or `path` exists and
            `force` is false.
    """
    with replacing(path, force=force) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str, *, force: bool = True) -> None:
    """Like `write_bytes`, for UTF-8 text."""
    write_bytes(path, text.encode("utf-8"), force=force)


@contextlib.contextmanager
def replacing(path: Path, *, force: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `path`, of the same suffix, that replaces it if all goes well.

    Without `force` nothing is replaced, not even what another process wrote in the meantime.

    Raises:
        OutputError: the folder cannot be made or written, the disk is full, or `path` exists and
            `force` is false.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        os.chmod(temporary, 0o666 & ~_umask())
        if not force:
            _claim(path)
        os.replace(temporary, path)
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {error.strerror or error}.") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _claim(path: Path) -> None:
    """Create `path` empty, which only one of several processes can, for the whole file to replace at once."""
    try:
        path.open("xb").close()
    except FileExistsError as error:
        raise OutputError(f"{path} already exists. Choose another name, or pass --force to replace it.") from error


def _umask() -> int:
    """Return the process's umask; the operating system tells it only by setting another."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def require_free(path: Path, *, force: bool) -> None:
    """Check that `path` may be written: it does not exist, or the user said `--force`.

    Raises:
        OutputError: it exists and `force` is false.
    """
    if path.exists() and not force:
        raise OutputError(f"{path} already exists. Choose another name, or pass --force to replace it.")


def require_writable_folder(folder: Path) -> None:
    """Check, before long work starts, that `folder` can be written to or made; nothing is made yet.

    Raises:
        OutputError: it, or the nearest folder above that exists, is no folder or not writable.
    """
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not existing.is_dir():
        raise OutputError(f"Cannot write to the folder {folder}: {existing} is not a folder.")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise OutputError(f"Cannot write to the folder {folder}: permission denied.")


def require_space(folder: Path, needed_bytes: int) -> None:
    """Check, before long work starts, that so much fits on the disk of `folder`, which need not exist yet.

    Raises:
        OutputError: it does not.
    """
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if free < needed_bytes:
        raise OutputError(
            f"{folder} has {free / 1e6:,.1f} MB left on its disk; expected at least {needed_bytes / 1e6:,.1f} MB. "
            "Free some, or write elsewhere."
        )


def human_bytes(count: int) -> str:
    """Return a file size as people read it, in kB of 1,000 bytes."""
    return f"{count / 1000:,.1f} kB"
