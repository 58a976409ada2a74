"""`fer-edge convert --sweep-calibration`."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np
from rich.table import Table

from fer_edge.cli.convert_inputs import choose_recipes, open_inputs
from fer_edge.cli.convert_request import ConvertRequest
from fer_edge.cli.shared import require_chart
from fer_edge.errors import RecipeError
from fer_edge.output import console
from fer_edge.stopping import leaving_nothing_behind

if TYPE_CHECKING:
    from fer_edge.convert.sweep import SweepPoint


def sweep(request: ConvertRequest) -> None:
    """Show how much number and draw of the calibration images matter; no model file is written.

    Raises:
        RecipeError: the recipe does not calibrate, or the sizes are no numbers.
    """
    assert request.sweep_sizes is not None
    sizes = _read_sizes(request.sweep_sizes)
    if request.seeds < 1:
        raise RecipeError(f"Expected --seeds of at least 1, got {request.seeds}.")
    (recipe,) = choose_recipes([request.one_recipe()], replace(request, calibration_size=None))
    if not recipe.integer:
        raise RecipeError(f"Recipe '{recipe.name}' does not calibrate; expected int8 for --sweep-calibration.")
    if request.chart is not None:
        require_chart(request.chart, force=request.force)
    steps = console.Steps()
    with leaving_nothing_behind():
        found = open_inputs(request, calibrates=True, steps=steps)
        from fer_edge.convert.sweep import sweep_calibration

        points = sweep_calibration(
            found.model,
            recipe,
            found.source,
            sizes=sizes,
            seeds=request.seeds,
            limit=request.fidelity_size,
            step=steps.step,
        )
    if request.chart is not None:
        from fer_edge.output.charts import plot_sweep

        plot_sweep(request.chart, points, found.model.name)
    if request.as_json:
        console.print_json([asdict(point) for point in points])
    else:
        _print_points(points)
    steps.print_split()


def _read_sizes(text: str) -> list[int]:
    try:
        return sorted({int(part) for part in text.split(",")})
    except ValueError as error:
        raise RecipeError(f"Expected numbers of images such as 50,100,200, got '{text}'.") from error


def _print_points(points: list[SweepPoint]) -> None:
    """Print one row per size: the mean over the draws, and the least and the most."""
    table = Table("calibration images", "draws", "agrees with Keras, %", "drop, points", "largest change of a score")
    for size in dict.fromkeys(point.size for point in points):
        found = [point.fidelity for point in points if point.size == size]
        drops = [100 * one.labelled.drop for one in found if one.labelled]
        table.add_row(
            f"{size:,}",
            str(len(found)),
            _spread([100 * one.agreement for one in found], ".2f"),
            _spread(drops, "+.2f") if drops else "no labels",
            _spread([one.largest_difference for one in found], ".3f"),
        )
    console.right_align(table)
    console.out().print(table)
    source = points[0].fidelity
    console.print_line(
        f"Mean (least to most) over the draws; compared on {source.images:,} images, {source.source}. "
        "Differences within the spread of a row mean nothing."
    )


def _spread(values: list[float], form: str) -> str:
    return f"{np.mean(values):{form}} ({min(values):{form}} to {max(values):{form}})"
