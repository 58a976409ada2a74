"""`fer-edge convert`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_edge import console, dataset, tables
from fer_edge.commands.shared import EVALUATION_SPLITS, load_tensorflow, read_fer2013, require_file
from fer_edge.errors import DataError
from fer_edge.files import require_free, require_writable_folder, write_bytes

if TYPE_CHECKING:
    from fer_edge.convert.calibration import CalibrationSet
    from fer_edge.convert.recipes import ConversionRecipe
    from fer_edge.convert.verify import Verification, VerificationSet
    from fer_edge.types import LabelledImages


@dataclass(frozen=True)
class Outcome:
    """One file that a conversion wrote.

    Attributes:
        path: where it lies; a failed one has "failed" in its name.
        recipe: what it was made by.
        size_bytes: of the file.
        verification: None when there were no held-out images.
        passed: whether the drop stayed within the limit.
    """

    path: Path
    recipe: str
    size_bytes: int
    verification: Verification | None
    passed: bool


def convert(
    model: Path,
    *,
    recipe_names: list[str],
    data: str | None,
    out: Path | None,
    calibration_size: int | None,
    seed: int,
    max_drop: float,
    force: bool,
    as_json: bool,
) -> list[Outcome]:
    """Convert one Keras model by each recipe and verify the files; return what was written."""
    from fer_edge.convert.recipes import find_recipe

    recipes = [find_recipe(name) for name in dict.fromkeys(recipe_names)]
    require_file(model)
    folder = out or model.parent
    require_writable_folder(folder)
    targets = [folder / f"{model.stem}.{recipe.name}.tflite" for recipe in recipes]
    for target in targets:
        require_free(target, force=force)
    calibration, verification = _choose_images(recipes, data, calibration_size, seed)
    load_tensorflow()
    from fer_edge.convert.converter import Converter
    from fer_edge.convert.verify import exceeds
    from fer_edge.keras_file import load_keras

    converter = Converter(load_keras(model), calibration=calibration, verification=verification)
    # All variants first, then the writing: an error leaves no half of a set behind.
    conversions = []
    for recipe in recipes:
        console.print_note(f"converting to {recipe.name}" + (" and verifying" if verification else ""))
        conversions.append(converter.convert(recipe))
    outcomes = []
    for target, recipe, conversion in zip(targets, recipes, conversions, strict=True):
        passed = conversion.verification is None or not exceeds(conversion.verification, max_drop)
        path = target if passed else target.with_name(f"{model.stem}.{recipe.name}.failed.tflite")
        write_bytes(path, conversion.content)
        outcomes.append(Outcome(path, recipe.name, len(conversion.content), conversion.verification, passed))
    _report(outcomes, max_drop, as_json=as_json)
    return outcomes


def _report(outcomes: list[Outcome], max_drop: float, *, as_json: bool) -> None:
    if as_json:
        console.print_json([tables.outcome_as_json(outcome) for outcome in outcomes])
    else:
        tables.print_outcomes(outcomes)
    for outcome in outcomes:
        if not outcome.passed:
            console.print_error(
                f"{outcome.recipe} lost more accuracy than --max-drop {max_drop} points. The file is kept as "
                f"{outcome.path}; try another recipe, or a larger --calibration-size."
            )


def _choose_images(
    recipes: list[ConversionRecipe], data: str | None, size: int | None, seed: int
) -> tuple[CalibrationSet | None, VerificationSet | None]:
    """Return what to calibrate on, where a recipe asks for it, and what to verify on, where there is any."""
    from fer_edge.convert.calibration import DEFAULT_SIZE, public_calibration, select_calibration

    integer = any(recipe.integer for recipe in recipes)
    if data == dataset.PUBLIC_FACES:
        if size is not None:
            raise DataError(f"--calibration-size needs FER2013; '{dataset.PUBLIC_FACES}' is used whole.")
        console.print_warning("Not verified: the public faces are all calibrated on, and carry no labels.")
        return public_calibration(), None
    if not integer and data is None and dataset.find_data(None) is None:
        console.print_warning(f"Not verified: FER2013 was not found. {dataset.how_to_get()}")
        return None, None
    splits = read_fer2013(data)
    calibration = None
    if integer:
        if "train" not in splits:
            raise DataError(f"Calibration needs the split 'train'; this copy of FER2013 has only {', '.join(splits)}.")
        calibration = select_calibration(splits, size=DEFAULT_SIZE if size is None else size, seed=seed)
    return calibration, _held_out(splits, calibration)


def _held_out(splits: dict[str, LabelledImages], calibration: CalibrationSet | None) -> VerificationSet:
    """Return the evaluation split, or of a copy without one the training images not calibrated on."""
    from fer_edge.convert.verify import VerificationSet

    name = next((name for name in EVALUATION_SPLITS if name in splits), None)
    if name is not None:
        images, source = splits[name], f"FER2013 split '{name}'"
    else:
        chosen = calibration.indices if calibration else ()
        rest = np.setdiff1d(np.arange(len(splits["train"])), chosen)
        images, source = splits["train"].take(rest), "FER2013 split 'train' without the calibration images"
    return VerificationSet(images.images, images, source)
