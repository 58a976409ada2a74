"""What the three forms of `fer-edge convert` start from: the network, its recipes, and images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_edge.cli.convert_request import ConvertRequest
from fer_edge.cli.shared import load_tensorflow, read_fer2013, require_network
from fer_edge.cli.stated import prepare_network, read_statement
from fer_edge.data import fer2013
from fer_edge.errors import DataError
from fer_edge.output import console

if TYPE_CHECKING:
    from fer_edge.convert.images import ImageSource
    from fer_edge.convert.recipes import ConversionRecipe
    from fer_edge.kerasfile.prepare import PreparedModel
    from fer_edge.types import LabelledImages


@dataclass(frozen=True)
class Inputs:
    """A network that is ready to be converted, and where its images come from."""

    model: PreparedModel
    source: ImageSource


def choose_recipes(names: Sequence[str], request: ConvertRequest) -> list[ConversionRecipe]:
    """Return the recipes of these names, the integer ones with the size and seed that the request overrides.

    Raises:
        RecipeError: an unknown name, a wrong field, or two recipes of one name.
    """
    from fer_edge.convert.recipes import find_recipe
    from fer_edge.errors import RecipeError

    given = {"calibration_size": request.calibration_size, "seed": request.seed}
    overrides = {name: value for name, value in given.items() if value is not None}
    recipes = []
    for name in dict.fromkeys(names):
        recipe = find_recipe(name)
        recipes.append(find_recipe(name, overrides) if recipe.integer else recipe)
    titles = [recipe.name for recipe in recipes]
    if len(set(titles)) < len(titles):
        raise RecipeError(f"Expected recipes of different names, got {', '.join(titles)}: their files would collide.")
    return recipes


def open_inputs(request: ConvertRequest, *, calibrates: bool, steps: console.Steps) -> Inputs:
    """Read the images, load the network, and say what had to be assumed of it.

    Raises:
        ModelError: the network cannot be loaded, or has no form that can be converted.
        DataError: images are missing or damaged.
    """
    require_network(request.model, request.architecture)
    statement = read_statement(request.labels, request.input_range, request.colour)
    splits = None
    if calibrates and request.data is None and request.images is None and fer2013.find_data(None) is None:
        raise DataError(
            f"Calibration needs images, and FER2013 was not found. {fer2013.how_to_get()} "
            "Or pass pictures with --images."
        )
    if _wants_fer2013(request):
        with steps.step("reading FER2013"):
            splits = read_fer2013(request.data)
    with steps.step("loading TensorFlow"):
        load_tensorflow(announce=False)
    with steps.step("loading the network"):
        prepared = prepare_network(request.model, request.architecture, statement, splits)
    return Inputs(prepared, _choose_source(prepared, request, splits, calibrates=calibrates))


def _wants_fer2013(request: ConvertRequest) -> bool:
    """Return whether FER2013 is to be read: where it is named or found, and nothing else was named."""
    if request.images is not None:
        if request.data is not None:
            raise DataError("Expected --data or --images, got both: each names the images to calibrate and compare on.")
        return False
    if request.data == fer2013.PUBLIC_FACES:
        return False
    return request.data is not None or fer2013.find_data(None) is not None


def _choose_source(
    model: PreparedModel, request: ConvertRequest, splits: dict[str, LabelledImages] | None, *, calibrates: bool
) -> ImageSource:
    from fer_edge.convert.images import Fer2013Images, UnlabelledImages, public_images
    from fer_edge.kerasfile.fit import read_pictures

    if request.images is not None:
        with console.progress_bar(f"reading {request.images}") as progress:
            pictures = read_pictures(request.images, model.shape, progress=progress)
        return UnlabelledImages(pictures, f"pictures of {request.images.name}")
    if not model.reads_emotions:
        if calibrates and request.data is None:
            raise DataError(
                f"'{model.name}' has other labels than FER2013, so int8 needs pictures like those it will see: "
                "expected --images FOLDER. (--data calibrates on faces anyway; float16 needs no pictures.)"
            )
        console.print_warning(
            f"'{model.name}' has other labels than FER2013. It is compared with Keras on faces, which may differ from "
            "what it will see; --images FOLDER gives better pictures."
        )
    if splits is not None:
        return Fer2013Images(splits)
    if request.data is None:
        console.print_warning(
            f"FER2013 was not found: compared with Keras on scikit-image's public faces, without accuracy. "
            f"{fer2013.how_to_get()}"
        )
    return public_images()
