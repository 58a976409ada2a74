"""Write a model's metadata behind its FlatBuffer; `fer_edge.runtime.metadata` reads it."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import TYPE_CHECKING, Any

from fer_edge.convert.calibration import CalibrationSet
from fer_edge.convert.recipes import ConversionRecipe
from fer_edge.convert.verify import Verification
from fer_edge.errors import ModelError
from fer_edge.provenance import versions, write_json_member
from fer_edge.runtime.metadata import FORMAT_VERSION, MEMBER, ModelFile, read_model

if TYPE_CHECKING:
    from fer_edge.convert.prepare import PreparedModel  # which loads Keras; checking a file needs none


def describe_model(
    model: PreparedModel,
    recipe: ConversionRecipe,
    calibration: CalibrationSet | None,
    notes: tuple[str, ...],
    verification: Verification | None,
) -> dict[str, Any]:
    """Return the metadata of a converted model, as docs/model-file.md lists it."""
    return {
        "format_version": FORMAT_VERSION,
        "name": model.name,
        "labels": list(model.labels),
        "input": {
            "shape": [1, *model.shape],
            "dtype": recipe.input_dtype,
            "content": _input_content(model, recipe),
        },
        "output": {
            "shape": [1, len(model.labels)],
            "dtype": recipe.output_dtype,
            "content": "probabilities in the order of the labels"
            + ("" if recipe.output_dtype == "float32" else ", each (value - zero_point) * scale of the output tensor"),
        },
        "recipe": recipe.describe(),
        "calibration": calibration.describe() if calibration and recipe.integer else None,
        "assumptions": [*model.assumptions, *notes],
        "training": model.training,
        "verification": verification.as_json() if verification else None,
        "versions": versions("tensorflow", "keras", "numpy"),
    }


def _input_content(model: PreparedModel, recipe: ConversionRecipe) -> str:
    subject = "one face" if model.reads_emotions else "one image"
    pixels = "raw grey pixels 0..255" if model.shape[2] == 1 else "raw pixels 0..255, red first"
    return (
        f"{subject}, {pixels}"
        + {
            "uint8": "; nothing else to do",
            "int8": ", minus 128",
            "float32": ", as floats",
        }[recipe.input_dtype]
    )


def append_metadata(flatbuffer: bytes, content: dict[str, Any]) -> bytes:
    """Return the model file: the FlatBuffer untouched, then a ZIP archive with the metadata.

    The checksum and length of the FlatBuffer are added to `content`. Equal arguments give equal bytes.
    """
    sealed = {
        **content,
        "flatbuffer_bytes": len(flatbuffer),
        "flatbuffer_sha256": hashlib.sha256(flatbuffer).hexdigest(),
    }
    file = io.BytesIO(flatbuffer)
    with zipfile.ZipFile(file, "a") as archive:
        write_json_member(archive, MEMBER, sealed)
    return file.getvalue()


def check_file(data: bytes, name: str = "The model") -> ModelFile:
    """Return what a model file holds after checking every byte of it.

    `read_model` checks the FlatBuffer and the checksum of the JSON. Here the whole archive must be the
    one that fer-edge would write for this content, so that no byte is left for which nothing stands.

    Raises:
        ModelError: it is damaged or was altered, or was not written by fer-edge.
    """
    file = read_model(data, name=name)
    try:
        expected = append_metadata(file.flatbuffer, file.metadata.content)
    except UnicodeEncodeError:  # JSON can escape half a character, which no text may hold
        expected = b""
    if data != expected:
        raise ModelError(
            f"{name} was altered after it was written: its metadata archive is not what fer-edge writes. "
            "Convert it again."
        )
    return file
