"""The conversion recipes: few, named, each with its reason to exist, and open to overrides."""

from __future__ import annotations

import dataclasses
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from fer_edge.decode import DecodeError, Range, decode_fields, show
from fer_edge.errors import RecipeError
from fer_edge.toml import read_toml
from fer_edge.types import SPLITS

Weights = Literal["float32", "float16", "int8"]
Dtype = Literal["uint8", "int8", "float32"]
Statistic = Literal["minmax", "percentile"]

INTEGER_FIELDS = ("calibration_size", "seed", "split", "statistic", "percentile", "float_layers")
"""What means something only where activations are integer."""


@dataclass(frozen=True)
class ConversionRecipe:
    """How a Keras model becomes a .tflite file.

    Attributes:
        name: what `--to` takes, and part of the file's name.
        purpose: when to choose it.
        weights: dtype of the stored weights.
        integer: whether activations are 8-bit too, which needs calibration.
        per_channel: one scale per output channel of int8 weights, else one per tensor.
        per_channel_dense: the same for dense layers. TensorFlow Lite 2.9 and several ports for
            microcontrollers read only the first scale there, and answer wrongly without an error.
        input_dtype: uint8 pixels 0..255; int8: the same minus 128; float32: the same as floats.
        output_dtype: of the probabilities; the integers are scaled.
        calibration_size: images; 50 to 2,000 gave the same agreement with float32 within noise.
        seed: of their draw.
        split: which they are drawn from.
        statistic: how the range of a tensor follows from the calibration images: "minmax" as the
            converter measures it, or "percentile" of the images' own minima and maxima.
        percentile: of the maxima; of the minima it is 100 minus this.
        float_layers: names of layers that stay in float32, as `fer-edge convert --debug` prints them.
    """

    name: str
    purpose: str
    weights: Weights
    integer: bool = False
    per_channel: bool = True
    per_channel_dense: bool = False
    input_dtype: Dtype = "uint8"
    output_dtype: Dtype = "float32"
    calibration_size: Annotated[int, Range(1, 1_000_000)] = 200
    seed: Annotated[int, Range(0, 2**32 - 1)] = 0
    split: str = "train"
    statistic: Statistic = "minmax"
    percentile: Annotated[float, Range(50, 100)] = 95.0
    float_layers: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuse what TFLiteConverter cannot do."""
        for name, choices in (
            ("input_dtype", typing.get_args(Dtype) if self.integer else ("uint8", "float32")),
            ("output_dtype", typing.get_args(Dtype) if self.integer else ("float32",)),
            ("split", SPLITS),
        ):
            self._require(getattr(self, name) in choices, name, " or ".join(choices))
        self._require(not self.integer or self.weights == "int8", "weights", "int8 with integer activations")
        self._require(self.per_channel or not self.per_channel_dense, "per_channel_dense", "false without per_channel")
        self._require(self.per_channel or self.weights == "int8", "per_channel", "true, for weights that are no int8")

    def describe(self) -> dict[str, Any]:
        """Return the record that travels in the model's metadata; calibration has one of its own."""
        left_out = {"purpose", "calibration_size", "seed", "split"}
        if not self.integer:
            left_out |= set(INTEGER_FIELDS)
        elif self.statistic == "minmax":
            left_out.add("percentile")
        return {name: value for name, value in dataclasses.asdict(self).items() if name not in left_out}

    def _require(self, holds: bool, name: str, expected: str) -> None:
        if not holds:
            raise RecipeError(f"Recipe '{self.name}', field '{name}': expected {expected}, got {getattr(self, name)}.")


RECIPES = {
    recipe.name: recipe
    for recipe in (
        ConversionRecipe("float32", "the reference that the others are measured against", "float32"),
        ConversionRecipe("float16", "half the size, the reference's answers; for CPUs and GPUs with floats", "float16"),
        ConversionRecipe(
            "dynamic",
            "a quarter of the size without any calibration images; for interpreters as new as the converter",
            "int8",
        ),
        ConversionRecipe(
            "int8",
            "a quarter of the size and the fastest on a Pi 5; runs on integer-only chips",
            "int8",
            True,
            output_dtype="uint8",
        ),
    )
}


def find_recipe(name: str, overrides: dict[str, Any] | None = None) -> ConversionRecipe:
    """Return the recipe of that name, or the one in a .toml file, with fields replaced.

    A file names a shipped recipe as its `base`, and the fields that differ; its own name is the recipe's.

    Raises:
        RecipeError: there is none, a field is unknown or of the wrong type, or the converter cannot do it.
    """
    if name.endswith(".toml"):
        fields = read_toml(Path(name))
        base = fields.pop("base", None)
        if not isinstance(base, str) or base not in RECIPES:
            raise RecipeError(f"{name}: expected base = one of {', '.join(RECIPES)}, got {show(base)}.")
        recipe = _replace(dataclasses.replace(RECIPES[base], name=Path(name).stem), fields)
    elif name in RECIPES:
        recipe = RECIPES[name]
    else:
        raise RecipeError(f"Expected a conversion recipe of {', '.join(RECIPES)} or a .toml file, got '{name}'.")
    return _replace(recipe, overrides or {})


def _replace(recipe: ConversionRecipe, fields: dict[str, Any]) -> ConversionRecipe:
    """Return the recipe with fields replaced, each checked for name, type and range."""
    try:
        if "name" in fields:  # it becomes part of a file name, and names the recipe in errors
            raise DecodeError("name", "is an unknown field: the file's own name is the recipe's")
        checked = decode_fields(fields, ConversionRecipe, strict=True, partial=True)
    except DecodeError as error:
        raise RecipeError(f"Recipe '{recipe.name}': the field {error}.") from error
    replaced = dataclasses.replace(recipe, **checked)
    needless = [name for name in checked if name in INTEGER_FIELDS and not replaced.integer]
    if needless:
        raise RecipeError(
            f"Recipe '{recipe.name}' is not calibrated, so its field '{needless[0]}' has no effect; use it with "
            "base = 'int8' only."
        )
    return replaced
