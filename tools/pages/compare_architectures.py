"""Compare what our networks and others cost: ``make compare-architectures``.

Builds, converts, inspects and times each, and writes the tables of docs/architectures.md and
docs/model-card.md. Networks that were never trained here are converted with random weights: what they cost
does not depend on them. Needs no FER2013.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.benchmarks.host import describe_host as read_host
from fer_edge.cli.shared import load_tensorflow
from fer_edge.errors import ModelError
from fer_edge.graph.cost import ModelCost, analyse_cost
from fer_edge.modelfile.metadata import read_model
from fer_edge.runtime.bundled import ASSETS
from fer_edge.runtime.delegation import read_delegation
from tools.pages import paper
from tools.pages.markdown import Row, describe_host, markdown_table, replace_section
from tools.pages.variants import MODELS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build/architectures"
REFERENCE = ("mini_xception", "float32")
"""What the times are divided by: the network of the package `fer`, as a float file."""
CALIBRATION_FACES = 20

# Top-1 in per cent on FER2013, as their authors or the paper's table print it; none was measured here.
PUBLISHED = {
    "edge_cnn_s": "",
    "edge_cnn_m": "",
    "edge_cnn_xs": "",
    "seed_cnn": paper.ACCURACY,
    "mini_xception": "66",
    "vgg16": "70.8",
    "resnet50": "69.3",
    "efficientnet_b0": "71.2",
}


@dataclass(frozen=True)
class Architecture:
    """One network: its files by recipe, and why a recipe made none.

    Attributes:
        name: of the network.
        parameters: of the Keras network, batch norm's statistics included, as papers count them.
        files: recipe -> .tflite file.
        failures: recipe -> reason.
        measured: accuracy on PublicTest by its own run here, or None.
    """

    name: str
    parameters: int
    files: dict[str, Path]
    failures: dict[str, str]
    measured: dict[str, Any] | None


def main() -> int:
    """Build, convert, inspect, time, and write the pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PUBLISHED, help="Print the table of these; no page is written.")
    parser.add_argument("--keep", action="store_true", help="Keep the files of networks that were never trained.")
    parser.add_argument("--rounds", type=int, default=40, help="Turns that each file takes.")
    options = parser.parse_args()
    names = [name for name in PUBLISHED if name in {*(options.only or PUBLISHED), REFERENCE[0]}]
    load_tensorflow()
    found = [prepare(name, keep=options.keep) for name in names]
    times = time_in_turn([file for architecture in found for file in architecture.files.values()], options.rounds)
    tables = Tables(found, times, paper.read_run())
    if options.only:
        print(tables.full())
        return 0
    replace_section(ROOT / "docs/architectures.md", "architectures", tables.full())
    replace_section(ROOT / "docs/model-card.md", "cost", tables.bundled())
    return 0


def prepare(name: str, *, keep: bool) -> Architecture:
    """Convert one network by every recipe."""
    from fer_edge.convert.recipes import RECIPES

    network = load_network(name)
    files: dict[str, Path] = {}
    failures: dict[str, str] = {}
    for recipe in RECIPES.values():
        target = FOLDER / f"{name}.{recipe.name}.tflite"
        shipped = Path(ASSETS) / target.name
        try:
            if name in MODELS and shipped.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(shipped, target)
            elif not (keep and target.is_file() and name not in MODELS):
                print(f"{name}: converting to {recipe.name}", file=sys.stderr, flush=True)
                convert(network, recipe.name, target)
            files[recipe.name] = target
        except ModelError as error:
            failures[recipe.name] = str(error)
    return Architecture(name, network.network.count_params(), files, failures, read_accuracy(name))


def trained_network(name: str) -> Path | None:
    """Return the file of a network that was trained here, if there is one."""
    kept = (ROOT / f"models/{name}.keras", ROOT / f"runs/{name}/model.keras")
    return next((file for file in kept if file.is_file()), None)


def load_network(name: str) -> Any:
    """Return the trained network of models/ or runs/, or one of its recipe with seeded random weights."""
    import keras

    from fer_edge.kerasfile.load import KerasModel, load_keras
    from fer_edge.train.config import load_recipe
    from fer_edge.train.models import build_model

    if trained := trained_network(name):
        return load_keras(trained)
    recipe = load_recipe(name)
    keras.utils.set_random_seed(recipe.seed)
    network = build_model(
        recipe.model, widths=recipe.widths, blocks=recipe.blocks, dropout=recipe.dropout, stem=recipe.stem
    )
    return KerasModel(network, None)


def convert(network: Any, recipe: str, target: Path) -> None:
    """Write one file, calibrated on public faces: which ones does not change what it costs."""
    from fer_edge.convert.calibration import draw_any
    from fer_edge.convert.converter import Converter
    from fer_edge.convert.recipes import find_recipe
    from fer_edge.data.fer2013 import PUBLIC_FACES, read_public_faces
    from fer_edge.files import write_bytes

    few = draw_any(read_public_faces(), f"scikit-image {PUBLIC_FACES}", size=CALIBRATION_FACES, seed=0)
    write_bytes(target, Converter(network, calibration=few).convert(find_recipe(recipe)).content)


def read_accuracy(name: str) -> dict[str, Any] | None:
    """Return what the network's own run measured on PublicTest; None where it was not trained."""
    metrics = ROOT / "runs" / name / "metrics.json"
    public: dict[str, Any] | None = json.loads(metrics.read_text())["public"] if metrics.is_file() else None
    return public


def time_in_turn(files: list[Path], rounds: int) -> dict[Path, list[float]]:
    """Return the median times in ms of each file and round, from a process without TensorFlow."""
    print(f"timing {len(files)} files in turn, {rounds} rounds", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "tools.performance.interleave", "--rounds", str(rounds), *map(str, files)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {Path(file): times for file, times in json.loads(done.stdout).items()}


class Tables:
    """The tables of what was found."""

    def __init__(
        self, architectures: list[Architecture], times: dict[Path, list[float]], paper_run: paper.PaperRun | None
    ) -> None:
        self._all = architectures
        self._times = times
        self._paper_run = paper_run
        reference = next(entry for entry in architectures if entry.name == REFERENCE[0])
        self._unit = np.array(times[reference.files[REFERENCE[1]]])
        self._recipes = list(dict.fromkeys(recipe for entry in architectures for recipe in entry.files))

    def full(self) -> str:
        """Return the tables of docs/architectures.md."""
        networks = markdown_table(
            ["network", "published, %", "measured here, % (95 %)", "parameters", "MACs, M", "activations, kB"],
            [self._network_row(entry) for entry in self._all],
        )
        sizes = [f"{recipe}, kB" for recipe in self._recipes]
        timed = [f"{recipe}, ms (ratio)" for recipe in self._recipes]
        files = markdown_table(
            ["network", *sizes, *timed, "XNNPACK takes of int8"], [self._file_row(entry) for entry in self._all]
        )
        failures = [
            f"- `{entry.name}` by {recipe}: {reason}"
            for entry in self._all
            for recipe, reason in entry.failures.items()
        ]
        notes = ["\n".join(failures)] if failures else []
        if self._paper_run and any(entry.measured for entry in self._all if entry.name == paper.NAME):
            notes.insert(0, self._paper_run.note())
        return "\n\n".join([networks, files, *notes, self._how()])

    def bundled(self) -> str:
        """Return what the bundled networks cost, for the model card."""
        rows = []
        for entry in self._all:
            if entry.name in MODELS:
                sizes = [self._size(entry, recipe) for recipe in self._recipes]
                ratios = [self._ratio(entry, recipe) for recipe in ("float32", "int8")]
                rows.append([f"`{entry.name}`", f"{entry.parameters:,}", self._macs(entry), *sizes, *ratios])
        header = ["network", "parameters", "MACs, M", *(f"{recipe}, kB" for recipe in self._recipes)]
        table = markdown_table([*header, "time, float32", "time, int8"], rows)
        return (
            f"{table}\n\nMACs are multiply-accumulates per face, read from the file's graph. Times are multiples of "
            "mini-Xception's float32 file in the same run ([more](architectures.md)). Written by "
            "`make compare-architectures`."
        )

    def _network_row(self, entry: Architecture) -> Row:
        measured = self._measured(entry) if entry.measured else "not trained"
        peak = f"{self._cost(entry, 'int8').peak_bytes / 1000:,.0f}" if "int8" in entry.files else ""
        return [f"`{entry.name}`", PUBLISHED[entry.name], measured, f"{entry.parameters:,}", self._macs(entry), peak]

    def _file_row(self, entry: Architecture) -> Row:
        sizes = [self._size(entry, recipe) for recipe in self._recipes]
        times = [self._time(entry, recipe) for recipe in self._recipes]
        return [f"`{entry.name}`", *sizes, *times, self._delegated(entry)]

    def _measured(self, entry: Architecture) -> str:
        assert entry.measured is not None
        low, high = (100 * entry.measured["interval"][bound] for bound in ("low", "high"))
        short = f" here, {self._paper_run.epochs}" if self._paper_run and entry.name == paper.NAME else ""
        return f"{100 * entry.measured['accuracy']:.2f} ({low:.1f} to {high:.1f}){short}"

    def _cost(self, entry: Architecture, recipe: str) -> ModelCost:
        return analyse_cost(read_model(entry.files[recipe]).flatbuffer)

    def _macs(self, entry: Architecture) -> str:
        return f"{self._cost(entry, next(iter(entry.files))).macs / 1e6:,.2f}"

    def _size(self, entry: Architecture, recipe: str) -> str:
        file = entry.files.get(recipe)
        return f"{file.stat().st_size / 1000:,.0f}" if file else "fails"

    def _time(self, entry: Architecture, recipe: str) -> str:
        file = entry.files.get(recipe)
        return f"{np.median(self._times[file]):.3f} ({self._ratio(entry, recipe)})" if file else "fails"

    def _ratio(self, entry: Architecture, recipe: str) -> str:
        """Return the median over the rounds of the time's ratio to the reference's."""
        file = entry.files.get(recipe)
        return f"{np.median(np.array(self._times[file]) / self._unit):.2f}" if file else "fails"

    def _delegated(self, entry: Architecture) -> str:
        if "int8" not in entry.files:
            return ""
        cost = self._cost(entry, "int8")
        delegation = read_delegation(read_model(entry.files["int8"]).flatbuffer, cost)
        return f"{len(delegation.operators)} of {len(cost.operators)}" if delegation else "unknown"

    def _how(self) -> str:
        load = os.getloadavg()[0]
        return (
            f"Measured on {describe_host(read_host())}, one thread, batch 1, the whole `predict` of a 48x48 crop. All "
            f"files took turns in one process, {len(self._unit)} rounds. Times are medians; ratios are the median "
            f"ratio to {REFERENCE[0]} {REFERENCE[1]} within a round. The load of the machine was {load:.1f}: trust the "
            "ratios first. Activations are the peak of the int8 file. Accuracy measured here is that of the "
            "Keras network on PublicTest, from `runs/NAME/metrics.json`. Written by `make compare-architectures`."
        )


if __name__ == "__main__":
    sys.exit(main())
