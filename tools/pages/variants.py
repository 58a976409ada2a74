"""The variants of a bundled network that the pages measure: the files that users get, and their baseline."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from fer_edge.runtime.bundled import ASSETS

ROOT = Path(__file__).parents[2]
MODELS = ("edge_cnn_s", "edge_cnn_m", "edge_cnn_xs")
"""The bundled networks, the default first."""
RECIPES = ("float32", "float16", "int8")
"""The baseline first."""


def bench_variants(report: Path) -> None:
    """Bench every variant of the bundled networks on FER2013, in one run, and write the JSON report."""
    files = [str(file) for name in MODELS for file in collect_variants(name, report.parent / "models")]
    fer_edge("bench", *files, "--json", str(report), "--force")


def collect_variants(name: str, folder: Path) -> list[Path]:
    """Return a network's files, in the order of `RECIPES`: float32 converted into `folder`, the bundled ones copied.

    Copied, because another processor rounds the last digits of a conversion otherwise.
    """
    network = str(ROOT / f"models/{name}.keras")
    fer_edge("convert", network, "--to", "float32", "--out", str(folder), "--max-drop", "100", "--force")
    for recipe in RECIPES[1:]:
        shutil.copy(Path(ASSETS) / f"{name}.{recipe}.tflite", folder)
    return [folder / f"{name}.{recipe}.tflite" for recipe in RECIPES]


def fer_edge(*arguments: str) -> None:
    """Run the command line of this very environment."""
    subprocess.run([sys.executable, "-m", "fer_edge", *arguments], check=True)


def fer_edge_says(*arguments: str) -> str:
    """Return what the command line of this very environment prints."""
    done = subprocess.run([sys.executable, "-m", "fer_edge", *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout
