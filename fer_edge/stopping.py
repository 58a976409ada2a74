"""What a program does that is asked to end: it unwinds, and its temporary files go.

A command's temporary files lie in one folder, which goes when the command ends, however it ends. Python alone does not
see to that. SIGTERM and SIGHUP end it on the spot; and Ctrl-C may fall between the making of a
folder and the note that it is to be removed, or into the removal.
"""

from __future__ import annotations

import atexit
import secrets
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from fer_edge.errors import OutputError

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""What asks a program to end; Windows has no SIGHUP."""

REQUESTS = [number for number in SIGNALS if number != signal.SIGINT]
"""Of these, those that by themselves end Python on the spot."""

_inside = False
_last_acts: list[Callable[[], None]] = []


def unwind_when_asked() -> None:
    """Let `kill` and a lost terminal unwind the program as Ctrl-C does, so that half-written files are removed.

    A second request ends it on the spot. One that is ignored, as by nohup, stays ignored.
    """
    for number in REQUESTS:
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _unwind)


def _unwind(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    _raise(number)


@contextmanager
def held_back() -> Iterator[None]:
    """Let the block end before a request to end is heard."""
    if threading.current_thread() is not threading.main_thread():
        yield  # which alone hears signals
        return
    late: list[int] = []
    heard = [number for number in SIGNALS if callable(signal.getsignal(number))]
    before = {number: signal.signal(number, lambda number, frame: late.append(number)) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in late:
            signal.raise_signal(number)


def before_removal(act: Callable[[], None]) -> None:
    """Call `act` before the folder is removed, or at the end of the program: it ends a process that writes there.

    It may be called twice.
    """
    _last_acts.append(act)
    atexit.register(act)


@contextmanager
def leaving_nothing_behind() -> Iterator[None]:
    """Let a signal unwind the block as Ctrl-C does, and remove what `tempfile` made in it.

    The clean-up itself cannot be interrupted: a signal that arrives meanwhile takes effect afterwards. One that is
    ignored, as by nohup, stays ignored. A block inside another belongs to that.

    Raises:
        OutputError: there is no folder for temporary files.
    """
    global _inside  # noqa: PLW0603  # signals and tempfile belong to the whole process, too
    if _inside or threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what a signal does
        return
    cleaning = False
    late: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if cleaning:
            late.append(number)
        else:
            _raise(number)

    folder = _temporary_folder() / f"fer-edge-{secrets.token_hex(8)}"
    usual = tempfile.tempdir
    heard = [number for number in SIGNALS if signal.getsignal(number) not in {signal.SIG_IGN, None}]
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        _inside = True
        atexit.register(_remove, folder)  # all is arranged before the folder is made
        folder.mkdir(mode=0o700)
        tempfile.tempdir = str(folder)
        yield
    finally:
        cleaning = True
        tempfile.tempdir = usual
        while _last_acts:
            act = _last_acts.pop()
            act()
            atexit.unregister(act)
        _remove(folder)
        atexit.unregister(_remove)
        for number, handler in before.items():
            signal.signal(number, handler)
        _inside = False
        if late:
            _raise(late[0])


def _raise(number: int) -> None:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _temporary_folder() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        raise OutputError("No folder for temporary files can be written to. Set TMPDIR to one.") from error
