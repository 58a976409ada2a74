"""`fer-edge convert --debug`: where an integer model's error comes from, and what helps."""

from __future__ import annotations

import dataclasses
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.table import Table

from fer_edge.benchmarks.turns import time_in_turn
from fer_edge.cli.convert_inputs import choose_recipes, open_inputs
from fer_edge.cli.convert_request import ConvertRequest
from fer_edge.errors import RecipeError
from fer_edge.output import console
from fer_edge.stopping import leaving_nothing_behind
from fer_edge.text import printable
from fer_edge.types import FACE_SIZE

if TYPE_CHECKING:
    from fer_edge.convert.converter import Conversion
    from fer_edge.convert.fidelity import Fidelity
    from fer_edge.convert.layer_errors import LayerError
    from fer_edge.convert.recipes import ConversionRecipe

LEFT_IN_FLOAT = (0, 1, 2, 4)
"""How many of the worst layers the remedy leaves in float32."""

RANKING_IMAGES = 50
"""Calibration images on which the layers are ranked."""

ROUNDS = 20
"""Turns that each file is timed in."""

SHOWN = 10


@dataclass(frozen=True)
class Remedy:
    """What leaving the worst layers in float gives and costs.

    Attributes:
        layers: how many.
        fidelity: of the model.
        size_bytes: of its file.
        p50_ms: median of `predict`; None for a model that the runtime does not take.
    """

    layers: int
    fidelity: Fidelity
    size_bytes: int
    p50_ms: float | None


def debug(request: ConvertRequest) -> None:
    """Rank the layers by their error, and show what leaving the worst in float32 gives; no file is written.

    Raises:
        RecipeError: the recipe's activations are no integers, or layers of it are left in float already.
    """
    (recipe,) = choose_recipes([request.one_recipe()], request)
    if not recipe.integer or recipe.float_layers:
        raise RecipeError(f"Expected an integer recipe without float_layers for --debug, got '{recipe.name}'.")
    steps = console.Steps()
    with leaving_nothing_behind():
        found = open_inputs(request, calibrates=True, steps=steps)
        from fer_edge.convert.converter import Converter
        from fer_edge.convert.flatbuffer import quantise
        from fer_edge.convert.isolation import calibrate
        from fer_edge.convert.layer_errors import rank_layers
        from fer_edge.kerasfile.fit import fit_faces

        calibration = found.source.calibration(recipe)
        converter = Converter(
            found.model,
            held_out=found.source.held_out([calibration], request.fidelity_size),
            step=steps.step,
        )
        images = fit_faces(calibration.images, found.model.shape)
        with steps.step("calibrating"):
            calibrated = calibrate(found.model.network, found.model.shape, recipe, images)
        with steps.step("ranking the layers"):
            layers = rank_layers(calibrated, recipe, images[:RANKING_IMAGES])
        remedies = []
        for count in (count for count in LEFT_IN_FLOAT if count <= len(layers)):
            names = [layer.name for layer in layers[:count]]
            variant = dataclasses.replace(recipe, name=f"{recipe.name}, {count} in float", float_layers=names)
            conversion = converter.finish(quantise(calibrated, variant, names), variant, calibration)
            with steps.step(f"{variant.name}: measure"):
                remedies.append(_measure(count, conversion, variant, found.model.shape))
    _report(layers, remedies, recipe, as_json=request.as_json)
    steps.print_split()


def _measure(count: int, conversion: Conversion, recipe: ConversionRecipe, shape: tuple[int, int, int]) -> Remedy:
    assert conversion.fidelity is not None
    p50 = None
    if shape == (FACE_SIZE, FACE_SIZE, 1):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.tflite"
            path.write_bytes(conversion.content)
            p50 = float(np.median(time_in_turn([str(path)], ROUNDS)[str(path)]))
    return Remedy(count, conversion.fidelity, len(conversion.content), p50)


def _report(layers: list[LayerError], remedies: list[Remedy], recipe: ConversionRecipe, *, as_json: bool) -> None:
    if as_json:
        console.print_json(
            {"layers": [asdict(layer) for layer in layers], "remedies": [asdict(remedy) for remedy in remedies]}
        )
        return
    _print_layers(layers)
    _print_remedies(remedies)
    console.print_line(
        'A recipe file keeps layers in float: base = "int8" and '
        "float_layers = [names]. --json prints the names in full."
    )


def _print_layers(layers: list[LayerError]) -> None:
    table = Table("layer", "operator", "error, steps", "largest error", "step")
    for layer in layers[:SHOWN]:
        cells = (f"{layer.steps:.2f}", f"{layer.largest:.4g}", f"{layer.scale:.4g}")
        table.add_row(printable(_short(layer.name)), layer.operator, *cells)
    table.columns[2].justify = table.columns[3].justify = table.columns[4].justify = "right"
    console.out().print(table)
    console.print_line(
        "Root mean square error of each operator alone, in quantisation steps: rounding alone gives 0.29"
        + (f"; the worst {SHOWN} of {len(layers)}." if len(layers) > SHOWN else ".")
    )


def _print_remedies(remedies: list[Remedy]) -> None:
    rows: dict[str, Any] = {
        "agrees with Keras, %": lambda one: f"{100 * one.fidelity.agreement:.2f}",
        "drop, points": lambda one: (
            f"{100 * one.fidelity.labelled.drop:+.2f}" if one.fidelity.labelled else "no labels"
        ),
        "  95 % interval, paired": lambda one: _interval(one.fidelity),
        "largest change of a score": lambda one: f"{one.fidelity.largest_difference:.4f}",
        "size, kB": lambda one: f"{one.size_bytes / 1000:,.1f}",
        "predict p50, ms": lambda one: "not measured" if one.p50_ms is None else f"{one.p50_ms:.3f}",
    }
    table = Table("worst layers left in float32", *(str(remedy.layers) for remedy in remedies))
    for title, cell in rows.items():
        table.add_row(title, *(cell(remedy) for remedy in remedies))
    console.right_align(table)
    console.out().print(table)


def _interval(found: Fidelity) -> str:
    if found.labelled is None:
        return ""
    return found.labelled.drop_interval.text("+.2f", times=100)


def _short(name: str) -> str:
    """Return the Keras layer in a converter's name such as "net_1/net_1/conv_1/Relu;net_1/...": its third part."""
    parts = name.partition(";")[0].split("/")
    start = next((index for index, part in enumerate(parts) if part != parts[0]), 0)
    return parts[start].removesuffix("_1") if len(parts) > 1 else name
