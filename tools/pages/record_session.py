"""Records a first session in a terminal and draws it: ``python -m tools.pages.record_session``.

The commands run in a terminal of 80 columns, in a folder of their own; what they print goes to docs/images/session.svg.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from fer_edge.files import write_text

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs/images/session.svg"
COLUMNS = 80
COMMANDS = ("fer-edge demo", "fer-edge predict fer-edge-demo/astronaut.jpg", "fer-edge models")

_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""rich names fonts on another server; a page of ours loads nothing from there."""


def main() -> int:
    """Run, draw, and say where."""
    console = Console(width=COLUMNS, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    with tempfile.TemporaryDirectory() as folder:
        for command in COMMANDS:
            console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
            console.print(Text.from_ansi(run_in_terminal(command, Path(folder))), end="\n\n")
    drawn = console.export_svg(title="fer-edge", theme=MONOKAI)
    write_text(PICTURE, _FONTS.sub("", drawn).replace("Fira Code, ", ""), force=True)
    print(f"Wrote {PICTURE.relative_to(ROOT)}")
    return 0


def run_in_terminal(command: str, folder: Path) -> str:
    """Return what a command prints in a terminal, with its colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    arguments = [sys.executable, "-m", "fer_edge", *command.split()[1:]]
    environment = os.environ | {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(arguments, cwd=folder, env=environment, stdout=theirs, stderr=subprocess.DEVNULL) as process:
        os.close(theirs)
        said = b""
        while piece := _read(ours):
            said += piece
    os.close(ours)
    if process.returncode:
        raise SystemExit(f"'{command}' ended with {process.returncode}")
    return said.decode().replace("\r\n", "\n").rstrip("\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # Linux says so when the other side has closed
        return b""


if __name__ == "__main__":
    sys.exit(main())
