"""`fer-edge convert`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge import console, dataset
from fer_edge.commands.shared import load_tensorflow, read_fer2013, require_file
from fer_edge.errors import DataError
from fer_edge.files import human_bytes, require_free, require_writable_folder, write_bytes

if TYPE_CHECKING:
    from fer_edge.convert.calibration import CalibrationSet


def convert(
    model: Path,
    *,
    recipe_names: list[str],
    data: str | None,
    out: Path | None,
    calibration_size: int | None,
    seed: int,
    force: bool,
    as_json: bool,
) -> list[Path]:
    """Convert one Keras model by each recipe; return the files written."""
    from fer_edge.convert.recipes import find_recipe

    recipes = [find_recipe(name) for name in dict.fromkeys(recipe_names)]
    require_file(model)
    folder = out or model.parent
    targets = [folder / f"{model.stem}.{recipe.name}.tflite" for recipe in recipes]
    require_writable_folder(folder)
    for target in targets:
        require_free(target, force=force)
    calibration = None
    if any(recipe.integer for recipe in recipes):
        calibration = _calibration(data, calibration_size, seed)
    load_tensorflow()
    from fer_edge.convert.converter import convert as convert_model
    from fer_edge.keras_file import load_keras

    loaded = load_keras(model)
    # All variants first, then the writing: an error leaves no half of a set behind.
    files = []
    for recipe in recipes:
        console.print_note(f"converting to {recipe.name}")
        files.append(convert_model(loaded, recipe, calibration=calibration))
    for target, content in zip(targets, files, strict=True):
        write_bytes(target, content)
    if as_json:
        console.print_json([{"file": str(t), "bytes": len(c)} for t, c in zip(targets, files, strict=True)])
    else:
        for target, content in zip(targets, files, strict=True):
            console.OUT.print(f"{target}  {human_bytes(len(content))}", highlight=False, soft_wrap=True)
    return targets


def _calibration(data: str | None, size: int | None, seed: int) -> CalibrationSet:
    from fer_edge.convert.calibration import DEFAULT_SIZE, public_calibration, select_calibration

    if data == dataset.PUBLIC_FACES:
        if size is not None:
            raise DataError(f"--calibration-size needs FER2013; '{dataset.PUBLIC_FACES}' is used whole.")
        return public_calibration()
    splits = read_fer2013(data)
    if "train" not in splits:
        raise DataError(f"Calibration needs the split 'train'; this copy of FER2013 has only {', '.join(splits)}.")
    return select_calibration(splits, size=DEFAULT_SIZE if size is None else size, seed=seed)
