"""What the tests that need an emulator, a compiler or a browser have in common: their options, and how they skip."""

from __future__ import annotations

import argparse
from collections.abc import Sequence


def read_options(about: str, *, record: str | None = None) -> argparse.Namespace:
    """Return the command line's options: `required`, and where `record` says what that does, `record`."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    if record:
        parser.add_argument("--record", action="store_true", help=record)
    parser.add_argument("--required", action="store_true", help="fail, instead of skipping, where tools are missing")
    return parser.parse_args()


def skip(test: str, missing: Sequence[str], *, required: bool) -> int:
    """Say what a test lacks; return the exit code."""
    print(f"{test} skipped: it needs {', '.join(missing)}")
    return 1 if required else 0
