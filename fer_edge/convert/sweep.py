"""How much the calibration images matter: one file for each number of them and each draw."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from fer_edge.convert.converter import Converter, Step
from fer_edge.convert.fidelity import Fidelity
from fer_edge.convert.images import ImageSource
from fer_edge.convert.recipes import ConversionRecipe
from fer_edge.kerasfile.prepare import PreparedModel


@dataclass(frozen=True)
class SweepPoint:
    """One draw of calibration images, and what came of it."""

    size: int
    seed: int
    fidelity: Fidelity


def sweep_calibration(
    model: PreparedModel,
    recipe: ConversionRecipe,
    source: ImageSource,
    *,
    sizes: Sequence[int],
    seeds: int,
    limit: int | None,
    step: Step,
) -> list[SweepPoint]:
    """Convert a network once for each size and seed, and compare each file on the same held-out images.

    Args:
        model: what `prepare` returned.
        recipe: an integer recipe; its calibration size and seed are replaced.
        source: the images.
        sizes: numbers of calibration images.
        seeds: how many draws of each size; their seeds count from the recipe's.
        limit: of the images to compare on.
        step: receives the name of each step.

    Raises:
        DataError: there are not enough images for a size.
    """
    variants = [
        dataclasses.replace(recipe, calibration_size=size, seed=recipe.seed + number)
        for size in sizes
        for number in range(seeds)
    ]
    drawn = [source.calibration(variant) for variant in variants]
    converter = Converter(model, held_out=source.held_out(drawn, limit), step=step)
    points = []
    for variant, calibration in zip(variants, drawn, strict=True):
        name = f"{recipe.name}, {variant.calibration_size:,} images, seed {variant.seed}"
        conversion = converter.convert(dataclasses.replace(variant, name=name), calibration=calibration)
        assert conversion.fidelity is not None
        points.append(SweepPoint(variant.calibration_size, variant.seed, conversion.fidelity))
    return points
