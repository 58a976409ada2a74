"""The variants of a bundled network that the pages measure: the files that users get, and their baseline."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from fer_edge.runtime.bundled import ASSETS

ROOT = Path(__file__).parent.parent
RECIPES = ("float32", "float16", "int8")
"""The baseline first."""


def collect_variants(name: str, folder: Path) -> list[Path]:
    """Return a network's files, in the order of `RECIPES`: float32 converted into `folder`, the bundled ones copied.

    Copied, because another processor rounds the last digits of a conversion otherwise.
    """
    convert = ["convert", str(ROOT / f"models/{name}.keras"), "--to", "float32", "--max-drop", "100"]
    command = [sys.executable, "-m", "fer_edge", *convert, "--out", str(folder), "--force"]
    subprocess.run(command, check=True)
    for recipe in RECIPES[1:]:
        shutil.copy(Path(ASSETS) / f"{name}.{recipe}.tflite", folder)
    return [folder / f"{name}.{recipe}.tflite" for recipe in RECIPES]
