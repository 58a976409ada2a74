"""The command line: parse, call, print. Heavy imports stay inside the commands."""

from __future__ import annotations

import os
import sys

# Each module adds its commands to the application, in the order in which --help lists them.
# isort: off
from fer_edge.cli import training, conversion, running, measuring  # noqa: F401

# isort: on
from fer_edge.cli.app import app
from fer_edge.errors import FerEdgeError

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 and the number of the signal, as in every shell."""


def main() -> None:
    """Run the command line; errors that a user can act on become one sentence and exit code 1."""
    _open_closed_streams()
    # OpenCV reads its limit when it is loaded. Larger pictures are bombs or panoramas, and their
    # pixels would not fit a small computer's memory.
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", "50000000")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")  # a damaged picture becomes our one sentence
    try:
        app(standalone_mode=True)
    except FerEdgeError as error:
        from fer_edge.console import print_error

        print_error(str(error))
        sys.exit(1)
    except SystemExit as end:
        if end.code == INTERRUPTED:  # what typer makes of Ctrl-C, without a word
            print("Interrupted.", file=sys.stderr)
        raise


def _open_closed_streams() -> None:
    """Lead closed standard streams nowhere: some services start programs so.

    Else the next file that is opened would become stderr, and what libraries print would land in it.
    """
    for number in (0, 1, 2):  # a new handle takes the lowest free number
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = sys.stdout or open(1, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w")  # noqa: SIM115
