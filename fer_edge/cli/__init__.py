"""The command line: parse, call, print. Heavy imports stay inside the commands."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import NoReturn

from fer_edge.errors import FerEdgeError, os_reason
from fer_edge.stopping import unwind_when_asked
from fer_edge.text import printable_lines

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 and the number of the signal, as in every shell."""

_CLOSED = " Ask its owner for access, or run the command as a user who has it."
_FULL = " Free some space, or send the output elsewhere."
REMEDIES = {errno.EACCES: _CLOSED, errno.EPERM: _CLOSED, errno.ENOSPC: _FULL, errno.EDQUOT: _FULL}
"""What to do when the operating system refuses, by its error number."""


def main() -> None:
    """Run the command line; errors that a user can act on become one sentence and exit code 1."""
    try:
        _run()
    except KeyboardInterrupt:  # outside of what click sees
        _say_interrupted()


def _run() -> None:
    unwind_when_asked()
    _open_closed_streams()
    # OpenCV reads its limit when it is loaded. Larger pictures are bombs or panoramas, and their
    # pixels would not fit a small computer's memory.
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", "50000000")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")  # a damaged picture becomes our one sentence
    import click

    from fer_edge.cli.app import app

    try:
        code = app.main(prog_name="fer-edge", standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code)
    except BrokenPipeError:  # the reader has what it wanted, as in "| head -1"
        _lead_stdout_nowhere()
        sys.exit(0)
    except click.Abort:  # what click makes of Ctrl-C
        _say_interrupted()
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        print(printable_lines(shown.getvalue()), end="", file=sys.stderr)
        sys.exit(error.exit_code)
    except FerEdgeError as error:
        from fer_edge.output.console import print_error

        print_error(str(error))
        sys.exit(1)
    except OSError as error:  # what no command foresaw: a closed folder, a full disk behind stdout
        _say_refused(error)


def _say_refused(error: OSError) -> NoReturn:
    """Say in one sentence what the operating system refused."""
    from fer_edge.output.console import print_error

    full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    if full:
        _lead_stdout_nowhere()  # else Python tries again at its end
    unnamed = "The output" if full else "Reading or writing"
    subject = unnamed if error.filename is None else os.fsdecode(error.filename)
    remedy = REMEDIES.get(error.errno or 0, "")
    print_error(f"{subject}: {os_reason(error)}.{remedy}")
    sys.exit(1)


def _lead_stdout_nowhere() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say_interrupted() -> NoReturn:
    print("Interrupted.", file=sys.stderr)
    sys.exit(INTERRUPTED)


def _open_closed_streams() -> None:
    """Lead closed standard streams nowhere, since some services start programs so; print every text somehow.

    Else the next file that is opened would become stderr, and what libraries print would land in it.
    """
    for number in (0, 1, 2):  # a new handle takes the lowest free number
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = sys.stdout or open(1, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name may hold what the terminal has no character for
