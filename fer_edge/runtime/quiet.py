"""Keep libraries that print from C++ off the user's terminal."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Discard all that is printed inside the block, by Python or by C++.

    For TensorFlow, which prints notices on both streams: stdout belongs to our tables and --json; and for
    ai-edge-litert, which tells on stderr that it is fast, and has no switch for that. Their errors arrive as
    exceptions, so nothing of worth is lost. It takes both streams from the whole process: only commands may, before
    they start threads, never `fer_edge.runtime`, which lives in other people's programs.
    """
    streams = (sys.stdout, sys.stderr)
    for stream in streams:
        stream.flush()
    saved = [(number, os.dup(number)) for number in (1, 2)]
    with open(os.devnull, "wb") as nowhere:
        for number, _ in saved:
            os.dup2(nowhere.fileno(), number)
        try:
            yield
        finally:
            for stream in streams:
                stream.flush()
            for number, copy in saved:
                os.dup2(copy, number)
                os.close(copy)


@contextlib.contextmanager
def overheard() -> Iterator[list[str]]:
    """Keep what is printed on stderr inside the block off the terminal; afterwards the list holds its lines.

    For libpng and libjpeg, which do not say of which file they complain. As `silenced`, only for commands.
    """
    lines: list[str] = []
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield lines
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)
            file.seek(0)
            lines += file.read().decode(errors="replace").splitlines()
