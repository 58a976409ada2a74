"""The command line: parse, call, print. Heavy imports stay inside the commands."""

from __future__ import annotations

import io
import os
import sys
from typing import NoReturn

from fer_edge.errors import FerEdgeError
from fer_edge.stopping import unwind_when_asked
from fer_edge.text import printable_lines

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 and the number of the signal, as in every shell."""


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
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
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
