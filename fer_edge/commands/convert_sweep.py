"""`fer-edge convert --sweep-calibration`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.table import Table

from fer_edge import console
from fer_edge.commands.convert_inputs import InputOptions, choose_recipes, open_inputs
from fer_edge.commands.shared import leaving_nothing_behind
from fer_edge.errors import OutputError, RecipeError
from fer_edge.files import require_free

if TYPE_CHECKING:
    from fer_edge.convert.sweep import SweepPoint


def sweep(
    model: Path,
    *,
    sizes: str,
    seeds: int,
    recipe_name: str,
    seed: int | None,
    inputs: InputOptions,
    chart: Path | None,
    force: bool,
    as_json: bool,
) -> list[SweepPoint]:
    """Show how much number and draw of the calibration images matter; no model file is written.

    Raises:
        RecipeError: the recipe does not calibrate, or the sizes are no numbers.
    """
    counts = _read_sizes(sizes)
    if seeds < 1:
        raise RecipeError(f"Expected --seeds of at least 1, got {seeds}.")
    (recipe,) = choose_recipes([recipe_name], None, seed)
    if not recipe.integer:
        raise RecipeError(f"Recipe '{recipe.name}' does not calibrate; expected int8 for --sweep-calibration.")
    if chart is not None:
        if chart.suffix.lower() not in {".svg", ".png"}:
            raise OutputError(f"Expected a chart named .svg or .png, got {chart}.")
        require_free(chart, force=force)
    steps = console.Steps()
    with leaving_nothing_behind():
        found = open_inputs(model, inputs, calibrates=True, steps=steps)
        from fer_edge.convert.sweep import sweep_calibration

        points = sweep_calibration(
            found.model,
            recipe,
            found.source,
            sizes=counts,
            seeds=seeds,
            limit=inputs.verification_size,
            step=steps.step,
        )
    if chart is not None:
        from fer_edge.plots import plot_sweep

        plot_sweep(chart, points, found.model.name)
    if as_json:
        console.print_json([asdict(point) for point in points])
    else:
        _print_points(points)
    steps.print_split()
    return points


def _read_sizes(text: str) -> list[int]:
    try:
        return sorted({int(part) for part in text.split(",")})
    except ValueError as error:
        raise RecipeError(f"Expected numbers of images such as 50,100,200, got '{text}'.") from error


def _print_points(points: list[SweepPoint]) -> None:
    """Print one row per size: the mean over the draws, and the least and the most."""
    table = Table("calibration images", "draws", "agrees with Keras, %", "drop, points", "largest change of a score")
    for size in dict.fromkeys(point.size for point in points):
        found = [point.verification for point in points if point.size == size]
        drops = [100 * one.labelled.drop for one in found if one.labelled]
        table.add_row(
            f"{size:,}",
            str(len(found)),
            _spread([100 * one.agreement for one in found], ".2f"),
            _spread(drops, "+.2f") if drops else "no labels",
            _spread([one.largest_difference for one in found], ".3f"),
        )
    console.right_align(table)
    console.OUT.print(table)
    source = points[0].verification
    console.print_line(
        f"Mean (least to most) over the draws; verified on {source.images:,} images, {source.source}. "
        "Differences within the spread of a row tell nothing."
    )


def _spread(values: list[float], form: str) -> str:
    return f"{np.mean(values):{form}} ({min(values):{form}} to {max(values):{form}})"
