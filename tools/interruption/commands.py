"""The commands that are stopped, each on a small task of its own kind."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from fer_edge.types import LABELS

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests/fixtures/tiny.keras"
TINY_INT8 = ROOT / "tests/fixtures/tiny.int8.tflite"
PORTRAIT = ROOT / "fer_edge/assets/astronaut.jpg"
SMALL_NETWORK = (
    *("widths=[8,8,8]", "blocks=[1,1,1]", "dropout=[0.0]", "epochs=3", "batch_size=16"),
    *("image_sizes=[[0.0,48]]", "jit_compile=false", "precision='float32'"),
)


@dataclass(frozen=True)
class Command:
    """A command whose results go into the folder `out` of a fresh folder in which it runs.

    Attributes:
        name: of the command.
        arguments: what to run.
        together: suffixes of files that are all there or none.
        again: what to run after it was stopped, if that is another line; it needs `needs`.
        needs: a file below the folder without which `arguments` are repeated.
    """

    name: str
    arguments: tuple[str, ...]
    together: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    needs: str = ""

    def line(self, folder: Path) -> tuple[str, ...]:
        """Return what to run in a folder in which it was stopped."""
        return self.again if self.again and (folder / self.needs).exists() else self.arguments


def commands(inputs: Path, names: list[str]) -> list[Command]:
    """Return the commands of these names; what they read is put into the folder `inputs`."""
    makers = {
        "report": lambda: _report(inputs),
        "predict": lambda: _predict(inputs),
        "demo": lambda: Command("demo", ("demo", "--out", "out")),
        "bench": lambda: Command("bench", ("bench", str(TINY_INT8), "--quick", "--json", "out/bench.json", "--force")),
        "convert": _convert,
        "train": lambda: _train(inputs),
    }
    return [makers[name]() for name in names]


NAMES = ("report", "predict", "demo", "bench", "convert", "train")


def _report(inputs: Path) -> Command:
    bench = str(inputs / "bench.json")
    line = [sys.executable, "-m", "fer_edge", "bench", str(TINY_INT8), "--quick", "--json", bench]
    subprocess.run(line, cwd=ROOT, check=True, capture_output=True)
    return Command("report", ("report", bench, "--out", "out/report.html", "--force"))


def _predict(inputs: Path) -> Command:
    photos = inputs / "photos"
    photos.mkdir()
    portrait = cv2.imread(str(PORTRAIT))
    for number in range(12):
        cv2.imwrite(str(photos / f"{number}.png"), np.roll(portrait, 3 * number, axis=1))
    return Command("predict", ("predict", str(photos), "--out", "out", "--csv", "out/faces.csv", "--force"))


def _convert() -> Command:
    line = ("convert", str(TINY), "--to", "float16", "--to", "int8", "--c-array", "--data", "lfw_subset")
    return Command("convert", (*line, "--min-agreement", "0", "--out", "out"), together=(".tflite", ".c", ".h", ".cc"))


def _train(inputs: Path) -> Command:
    settings = [part for setting in SMALL_NETWORK for part in ("--set", setting)]
    data = ("--data", str(_write_data(inputs / "fer2013.csv")))
    line = ("train", "edge_cnn_s", *data, "--out", "out", *settings)
    return Command("train", line, again=("train", "--resume", "out", *data), needs="out/recipe.toml")


def _write_data(path: Path) -> Path:
    rng = np.random.default_rng(0)
    lines = ["emotion,pixels,Usage"]
    for number in range(140):
        pixels = " ".join(map(str, rng.integers(0, 256, 48 * 48)))
        lines.append(f"{number % len(LABELS)},{pixels},{'PublicTest' if number >= 112 else 'Training'}")
    path.write_text("\n".join(lines) + "\n")
    return path
