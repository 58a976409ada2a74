"""The conversion recipes: few, named, and each with its reason to exist."""

from __future__ import annotations

from dataclasses import dataclass

from fer_edge.errors import RecipeError


@dataclass(frozen=True)
class ConversionRecipe:
    """How a Keras model becomes a .tflite file. Every variant takes raw uint8 pixels.

    Attributes:
        name: what `--to` takes.
        purpose: when to choose it.
        weights: dtype of the stored weights.
        integer: whether activations are 8-bit too, which needs calibration.
    """

    name: str
    purpose: str
    weights: str
    integer: bool = False


RECIPES = {
    recipe.name: recipe
    for recipe in (
        ConversionRecipe("float32", "the reference that the others are measured against", "float32"),
        ConversionRecipe("float16", "half the size, the reference's answers; for CPUs and GPUs with floats", "float16"),
        ConversionRecipe(
            "int8", "a quarter of the size and the fastest on a Pi 5; runs on integer-only chips", "int8", True
        ),
    )
}


def find_recipe(name: str) -> ConversionRecipe:
    """Return the recipe of that name.

    Raises:
        RecipeError: there is none.
    """
    if name not in RECIPES:
        raise RecipeError(f"Expected a conversion recipe of {', '.join(RECIPES)}, got '{name}'.")
    return RECIPES[name]
