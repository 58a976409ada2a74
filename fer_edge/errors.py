"""Errors that a user can act on; the command line prints them as one sentence."""

import errno
import os
import stat


class FerEdgeError(Exception):
    """Base of every error that fer-edge raises on purpose."""


class DataError(FerEdgeError):
    """FER2013 is missing, damaged, or not in one of the three supported forms."""


class ImageError(FerEdgeError, ValueError):
    """An image or array cannot be read as a face."""


class SourceError(FerEdgeError):
    """A camera, video file or address cannot be opened, or gives no frame."""


class ModelError(FerEdgeError):
    """A model file is missing, damaged, or breaks the input or output contract."""


class RecipeError(FerEdgeError):
    """A training or conversion recipe has an unknown field or an impossible value."""


class OutputError(FerEdgeError):
    """A result cannot be written where it was asked for."""


def install_hint(extra: str) -> str:
    """Return how to install an optional part, such as ``train``.

    fer-edge is installed from a checkout; no package index knows its name.
    """
    return f"run \"pip install '.[{extra}]'\" in a checkout of fer-edge"


def require_regular(path: str | os.PathLike[str]) -> None:
    """Check that a file is none of those whose end may never come: pipes, sockets and devices.

    Raises:
        OSError: it is one of them, or missing.
    """
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(errno.EINVAL, "not a regular file")


def os_reason(error: OSError) -> str:
    """Return why the operating system refused a file, to follow its name: ``no such file``, ``permission denied``."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, IsADirectoryError):
        return "is a folder"
    return (error.strerror or str(error)).lower()


def closed_folder(path: str) -> str | None:
    """Return why the way to a path is closed, or None: what lies in a closed folder looks as if it were missing."""
    try:
        os.stat(path)
    except PermissionError as error:
        return os_reason(error)
    except (OSError, ValueError):  # missing, or no path at all
        pass
    return None
