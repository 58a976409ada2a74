"""Writing results: whole or not at all, and never over something without being asked.

What was reported as written is on the disk: file and folder are synchronised before the report. What a killed
process had begun has a hidden name, and the next one that writes into the folder removes it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

from fer_edge.errors import OutputError, os_reason
from fer_edge.stopping import held_back

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows, where leftovers stay
    fcntl = None

UNFINISHED = re.compile(r"\..*\.unfinished-[0-9a-f]{8}(\..*)?")
"""Names of temporary files: hidden, so that no command takes them for pictures or data."""

EXISTS = "{path} already exists. Choose another name, or pass --force to replace it."


def write_bytes(path: Path, data: bytes, *, force: bool = True) -> None:
    """Write `data` to `path` in one step: afterwards the file is whole, or as it was before.

    Raises:
        OutputError: the folder cannot be made or written, the disk is full, or `path` exists and
            `force` is false.
    """
    write_all({path: data}, force=force)


def write_text(path: Path, text: str, *, force: bool = True) -> None:
    """Like `write_bytes`, for UTF-8 text.

    Half a character, as in names of files that are not UTF-8, is written as an escape of its code.
    """
    write_all({path: text}, force=force)


def write_all(contents: Mapping[Path, bytes | str], *, force: bool = True) -> None:
    """Write files that belong together: all of them or none. Only a power cut in a thousandth of a second parts them.

    Raises:
        OutputError: as for `write_bytes`, of any of them.
    """
    with contextlib.ExitStack() as stack:
        temporaries = {path: stack.enter_context(_temporary_beside(path)) for path in contents}
        for path, content in contents.items():
            data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
            with _told(path):
                temporaries[path].write_bytes(data)
        _put_in_place(temporaries, force=force)


@contextlib.contextmanager
def replacing(path: Path, *, force: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `path`, of the same suffix, that replaces it if all goes well.

    The file keeps its mode, and a symbolic link keeps pointing to it. Without `force` nothing is
    replaced, not even what another process wrote in the meantime.

    Raises:
        OutputError: the folder cannot be made or written, the disk is full, `path` is a device or
            another special file, or `path` exists and `force` is false.
    """
    with _temporary_beside(path) as temporary:
        with _told(path):
            yield temporary
        _put_in_place({path: temporary}, force=force)


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Make one sentence of what the operating system refuses."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {os_reason(error)}.") from error


@contextlib.contextmanager
def _temporary_beside(path: Path) -> Iterator[Path]:
    """Yield a new file beside what `path` is or leads to; it is removed at the end if it is still there."""
    with _told(path):
        target = Path(os.path.realpath(path))
        _mode_of(target)  # before the work: it may be a folder or a device
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(target.parent)
    # Named before it is made: Ctrl-C may come between the two. Names have at most 255 bytes.
    temporary = target.with_name(f".{target.stem[:40]}.unfinished-{secrets.token_hex(4)}{target.suffix}")
    handle = None
    try:
        with _told(path):
            handle = _create_locked(temporary)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
        if handle is not None:
            os.close(handle)


def _create_locked(path: Path) -> int | None:
    """Create a file and return a handle whose lock says that somebody is writing; None where there are no locks."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        if fcntl is None:
            os.close(handle)
            return None
        with contextlib.suppress(OSError):  # some network drives know no locks
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_nlink:
            return handle
        os.close(handle)  # another process found it unlocked, and removed it


_tidied: set[Path] = set()
"""Folders in which this process has looked for leftovers."""


def _remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left in a folder: temporary files on which there is no lock."""
    if fcntl is None or folder in _tidied:
        return
    _tidied.add(folder)
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            if UNFINISHED.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with contextlib.suppress(OSError), open(entry.path, "rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(entry.path)


def _put_in_place(temporaries: Mapping[Path, Path], *, force: bool) -> None:
    """Give whole files their names, one right after the other; on an error all is as it was."""
    targets = {path: Path(os.path.realpath(path)) for path in temporaries}
    for path, temporary in temporaries.items():
        with _told(path):
            mode = _mode_of(targets[path])
            _synchronise(temporary)
            os.chmod(temporary, mode)  # afterwards: it may be read-only
    new: list[Path] = []
    with held_back():
        try:
            for path, target in targets.items():
                with _told(path):
                    if not force:
                        _claim(path, target)
                        new.append(target)
            for path, temporary in temporaries.items():
                with _told(path):
                    os.replace(temporary, targets[path])
        except OutputError:
            for target in new:
                target.unlink(missing_ok=True)
            raise
    if os.name == "posix":  # Windows cannot open a folder
        for path in temporaries:
            with _told(path):
                _synchronise(targets[path].parent)


def _mode_of(target: Path) -> int:
    """Return the mode of a file, or that of a new one where there is none.

    Raises:
        OSError: it is a folder, a device, a pipe or a socket; replacing that would break more than it mends.
    """
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return 0o666 & ~_umask()
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "not a regular file")
    return stat.S_IMODE(mode)


def _synchronise(path: Path) -> None:
    """Wait until a file's content, or a folder's list of names, is on the disk."""
    handle = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)  # Windows synchronises only what it may write
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _claim(path: Path, target: Path) -> None:
    """Create `target` empty, which only one of several processes can, for the whole file to replace at once."""
    try:
        target.open("xb").close()
    except FileExistsError as error:
        raise OutputError(EXISTS.format(path=path)) from error


def _umask() -> int:
    """Return the process's umask; the operating system reveals it only when another is set."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def require_free(path: Path, *, force: bool) -> None:
    """Check that `path` may be written: it does not exist, or is a file and the user said `--force`.

    Raises:
        OutputError: it exists and `force` is false, it is no regular file, or its folder is closed.
    """
    try:
        exists = path.exists()
        _mode_of(path)
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {os_reason(error)}.") from error
    if exists and not force:
        raise OutputError(EXISTS.format(path=path))


def require_writable_folder(folder: Path) -> None:
    """Check, before long work starts, that `folder` can be written to or made; nothing is made yet.

    Raises:
        OutputError: it, or the nearest folder above that exists, is no folder or not writable.
    """
    existing = _nearest(folder)
    if not existing.is_dir():
        raise OutputError(f"Cannot write to the folder {folder}: {existing} is not a folder.")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise OutputError(f"Cannot write to the folder {folder}: permission denied.")


def require_open_folder(folder: Path) -> None:
    """Check that a folder may be listed: `rglob` and `glob` take a closed one for an empty one.

    Raises:
        OSError: it may not, or is not there; the command line says so.
    """
    with os.scandir(folder):
        pass


def _nearest(folder: Path) -> Path:
    """Return the folder itself, or the nearest one above it that exists."""
    try:
        return next(path for path in (folder, *folder.absolute().parents) if path.exists())
    except OSError as error:
        raise OutputError(f"Cannot write to the folder {folder}: {os_reason(error)}.") from error


def require_space(folder: Path, needed_bytes: int) -> None:
    """Check, before long work starts, that so much fits on the disk of `folder`, which need not exist yet.

    Raises:
        OutputError: it does not.
    """
    existing = _nearest(folder)
    free = shutil.disk_usage(existing).free
    if free < needed_bytes:
        raise OutputError(
            f"{folder} has {free / 1e6:,.1f} MB left on its disk and needs {needed_bytes / 1e6:,.1f} MB. "
            "Free some space, or write elsewhere."
        )


def human_bytes(count: int) -> str:
    """Return a file size as people read it, in kB of 1,000 bytes."""
    return f"{count / 1000:,.1f} kB"
