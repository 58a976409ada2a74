"""The metadata of a converted model, as docs/model-file.md lists it."""

from __future__ import annotations

from typing import Any

from fer_edge.convert.calibration import CalibrationSet
from fer_edge.convert.fidelity import Fidelity
from fer_edge.convert.recipes import ConversionRecipe
from fer_edge.kerasfile.prepare import PreparedModel
from fer_edge.modelfile.metadata import FORMAT_VERSION
from fer_edge.modelfile.provenance import versions


def describe_model(
    model: PreparedModel,
    recipe: ConversionRecipe,
    calibration: CalibrationSet | None,
    notes: tuple[str, ...],
    fidelity: Fidelity | None,
) -> dict[str, Any]:
    """Return the metadata of a converted model, as docs/model-file.md lists it."""
    return {
        "format_version": FORMAT_VERSION,
        "name": model.name,
        "labels": list(model.labels),
        "input": {
            **model.contract.as_json(),
            "dtype": recipe.input_dtype,
            "content": _input_content(model, recipe),
        },
        "output": {
            "shape": [1, len(model.labels)],
            "dtype": recipe.output_dtype,
            "scores": "probabilities",
            "content": "probabilities in the order of the labels"
            + ("" if recipe.output_dtype == "float32" else ", each (value - zero_point) * scale of the output tensor"),
        },
        "recipe": recipe.describe(),
        "calibration": calibration.describe() if calibration and recipe.integer else None,
        "assumptions": [*model.assumptions, *notes],
        "training": model.training,
        "fidelity": fidelity.as_json() if fidelity else None,
        "versions": versions("tensorflow", "keras", "numpy"),
    }


def _input_content(model: PreparedModel, recipe: ConversionRecipe) -> str:
    subject = "one face" if model.reads_emotions else "one image"
    pixels = {
        "grey": "raw grey pixels 0..255",
        "rgb": "raw pixels 0..255, red first",
        "bgr": "raw pixels 0..255, blue first",
    }[model.colour]
    return (
        f"{subject}, {pixels}"
        + {
            "uint8": "; nothing else to do",
            "int8": ", minus 128",
            "float32": ", as floats",
        }[recipe.input_dtype]
    )
