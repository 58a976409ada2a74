"""What the three forms of `fer-edge convert` start from: the network, its recipes, and images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_edge import console, dataset
from fer_edge.commands.shared import load_tensorflow, read_fer2013, require_file
from fer_edge.errors import DataError, ModelError

if TYPE_CHECKING:
    from fer_edge.convert.images import ImageSource
    from fer_edge.convert.prepare import PreparedModel
    from fer_edge.convert.recipes import ConversionRecipe
    from fer_edge.keras_file import KerasModel
    from fer_edge.types import LabelledImages

GUESSING_FACES = 350
"""Training faces, 50 of each emotion, that tell how a foreign network is to be read."""


@dataclass(frozen=True)
class InputOptions:
    """What a user says of a network and of images.

    Attributes:
        data: FER2013, or the name of the public faces.
        images: a folder of pictures in place of FER2013.
        labels: the class names in the order of the outputs, separated by commas, or a file with one a line.
        input_range: what the network takes for black and white, such as "-1,1".
        verification_size: how many images to verify on at most.
    """

    data: str | None = None
    images: Path | None = None
    labels: str | None = None
    input_range: str | None = None
    verification_size: int | None = None


@dataclass(frozen=True)
class Inputs:
    """A network that is ready to be converted, and where its images come from."""

    model: PreparedModel
    source: ImageSource


def choose_recipes(names: list[str], calibration_size: int | None, seed: int | None) -> list[ConversionRecipe]:
    """Return the recipes of these names, the integer ones with what the command line overrides.

    Raises:
        RecipeError: an unknown name, a wrong field, or two recipes of one name.
    """
    from fer_edge.convert.recipes import find_recipe
    from fer_edge.errors import RecipeError

    given = {"calibration_size": calibration_size, "seed": seed}
    overrides = {name: value for name, value in given.items() if value is not None}
    recipes = []
    for name in dict.fromkeys(names):
        recipe = find_recipe(name)
        recipes.append(find_recipe(name, overrides) if recipe.integer else recipe)
    titles = [recipe.name for recipe in recipes]
    if len(set(titles)) < len(titles):
        raise RecipeError(f"Expected recipes of different names, got {', '.join(titles)}: their files would collide.")
    return recipes


def open_inputs(model: Path, options: InputOptions, *, calibrates: bool, steps: console.Steps) -> Inputs:
    """Read the images, load the network, and say what had to be assumed of it.

    Raises:
        ModelError: the network cannot be loaded, or has no form that can be converted.
        DataError: images are missing or damaged.
    """
    require_file(model)
    labels, input_range = _read_labels(options.labels), _read_range(options.input_range)
    splits = None
    if calibrates and options.data is None and options.images is None and dataset.find_data(None) is None:
        raise DataError(
            f"Calibration needs images, and FER2013 was not found. {dataset.how_to_get()} "
            "Or name pictures with --images."
        )
    if _wants_fer2013(options):
        with steps.step("reading FER2013"):
            splits = read_fer2013(options.data)
    with steps.step("loading TensorFlow"):
        load_tensorflow(announce=False)
    from fer_edge.convert.prepare import prepare
    from fer_edge.keras_file import open_keras

    with steps.step("loading the network"):
        loaded = open_keras(model)
        prepared = prepare(loaded, labels=labels, input_range=input_range, faces=_guessing_faces(loaded, splits))
    for assumption in prepared.assumptions if prepared.training is None else ():
        console.print_warning(assumption)
    return Inputs(prepared, _choose_source(prepared, options, splits, calibrates=calibrates))


def _wants_fer2013(options: InputOptions) -> bool:
    """Return whether FER2013 is to be read: where it is named or found, and nothing else was named."""
    if options.images is not None:
        if options.data is not None:
            raise DataError("Expected --data or --images, got both: they say what to calibrate and verify on.")
        return False
    if options.data == dataset.PUBLIC_FACES:
        return False
    return options.data is not None or dataset.find_data(None) is not None


def _guessing_faces(model: KerasModel, splits: dict[str, LabelledImages] | None) -> LabelledImages | None:
    """Return balanced training faces, none of which is verified on, for a network without a record."""
    from fer_edge.convert.calibration import select_calibration

    if model.training is not None or splits is None or "train" not in splits:
        return None
    size = min(GUESSING_FACES, len(splits["train"]) // 2)
    return splits["train"].take(np.array(select_calibration(splits, size=size, seed=0).indices))


def _choose_source(
    model: PreparedModel, options: InputOptions, splits: dict[str, LabelledImages] | None, *, calibrates: bool
) -> ImageSource:
    from fer_edge.convert.fit import read_pictures
    from fer_edge.convert.images import Fer2013Images, UnlabelledImages, public_images

    if options.images is not None:
        with console.progress_bar(f"reading {options.images}") as progress:
            pictures = read_pictures(options.images, model.shape, progress=progress)
        return UnlabelledImages(pictures, f"pictures of {options.images.name}")
    if not model.reads_emotions:
        if calibrates and options.data is None:
            raise DataError(
                f"'{model.name}' does not name FER2013's emotions, so int8 needs pictures such as it will see: "
                "expected --images FOLDER. (--data calibrates on faces all the same; float16 needs no pictures.)"
            )
        console.print_warning(
            f"'{model.name}' does not name FER2013's emotions: it is compared with Keras on faces, which may be unlike "
            "what it will see. --images FOLDER names better ones."
        )
    if splits is not None:
        return Fer2013Images(splits)
    if options.data is None:
        console.print_warning(
            f"FER2013 was not found: compared with Keras on the public faces of scikit-image, without accuracy. "
            f"{dataset.how_to_get()}"
        )
    return public_images()


def _read_labels(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    path = Path(text)
    names = path.read_text("utf-8").splitlines() if "," not in text and path.is_file() else text.split(",")
    return tuple(name.strip() for name in names if name.strip())


def _read_range(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        low, high = (float(number) for number in text.split(","))
    except ValueError as error:
        raise ModelError(f"Expected an --input-range such as 0,1 or -1,1 (black, white), got '{text}'.") from error
    return low, high
