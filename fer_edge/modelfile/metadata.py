"""What a model file says of itself: labels, input contract, provenance and checksum.

A .tflite file is a FlatBuffer, and its readers ignore what follows it. fer-edge appends a ZIP
archive with one JSON member, so that the standard library reads it back and the FlatBuffer stays
byte-identical. The layout is described in docs/model-file.md.

The checksum guards against damage, not against malice: whoever writes a bad FlatBuffer can write a
checksum that fits. `graph/check.py` refuses the graphs on which interpreters are known to crash; a
signature (`trusted_key`) tells whose model it is.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fer_edge.errors import ModelError, os_reason, require_regular
from fer_edge.modelfile.archive import read_member
from fer_edge.modelfile.checksum import sha256

MEMBER = "fer_edge.json"
FORMAT_VERSION = 2
"""What fer-edge writes; it reads every version from 1 to this one."""

SIDECAR_SUFFIX = ".json"
"""What follows a model's whole name in that of a file beside it, which holds its metadata: x.tflite.json."""

MAX_METADATA_BYTES = 10_000_000
"""Of the JSON member, unpacked; a thousand times what fer-edge writes. A ZIP can promise far more."""

MAX_MODEL_BYTES = 256_000_000


@dataclass(frozen=True)
class ModelMetadata:
    """The facts that travel inside a .tflite file.

    Attributes:
        name: the network, such as "edge_cnn_s".
        recipe: the conversion recipe: float32, float16 or int8.
        labels: the class names in the order of the outputs.
        content: everything as stored, including calibration, training run and versions.
    """

    name: str
    recipe: str
    labels: tuple[str, ...]
    content: dict[str, Any]


def fidelity_of(content: dict[str, Any]) -> dict[str, Any] | None:
    """Return what a conversion cost, as metadata of any version has it; None where that was not measured."""
    found: dict[str, Any] | None = content.get("fidelity", content.get("verification"))  # its name in version 1
    return found


@dataclass(frozen=True)
class ModelFile:
    """A verified model: the FlatBuffer that an interpreter loads, and its metadata."""

    flatbuffer: bytes
    metadata: ModelMetadata


def read_model(source: str | os.PathLike[str] | bytes, *, name: str = "") -> ModelFile:
    """Read and check a .tflite file that fer-edge wrote, before any interpreter sees it.

    Args:
        source: the file, or its bytes.
        name: what errors call it; default: the path, or "The model".

    Raises:
        ModelError: missing, truncated, altered, from a newer fer-edge, or without its metadata.
    """
    name = name or ("The model" if isinstance(source, bytes) else os.fspath(source))
    data = source if isinstance(source, bytes) else read_file(source)
    content = _read_content(data, name)
    length = content["flatbuffer_bytes"]
    flatbuffer = data[:length]
    if sha256(flatbuffer) != content["flatbuffer_sha256"]:
        raise ModelError(f"{name} was altered after it was written: its checksum does not match. Convert it again.")
    metadata = ModelMetadata(content["name"], content["recipe"]["name"], tuple(content["labels"]), content)
    return ModelFile(flatbuffer, metadata)


def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return the bytes of a model file.

    Raises:
        ModelError: it cannot be read, or is too large to be one.
    """
    try:
        require_regular(path)
        size = os.stat(path).st_size
        if size > MAX_MODEL_BYTES:
            raise ModelError(
                f"{path} is not a fer-edge model: it has {size:,} bytes, and the limit is {MAX_MODEL_BYTES:,}."
            )
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ModelError(f"{path}: {os_reason(error)}.") from error


def _read_content(data: bytes, name: str) -> dict[str, Any]:
    """Return the JSON member, checked for version and for the keys that reading needs."""
    if data[4:8] != b"TFL3":
        raise ModelError(f"{name} is not a TFLite model ({len(data):,} bytes, without the mark 'TFL3').")
    try:
        content = json.loads(read_member(data, MEMBER, MAX_METADATA_BYTES))
    except (ValueError, RecursionError) as error:  # of the archive, of its text, of its JSON
        raise ModelError(
            f"{name} is truncated, damaged, or was not written by fer-edge: it has no readable "
            "metadata. Convert the Keras model with 'fer-edge convert'; for a file of another maker, 'fer-edge "
            "describe' notes what it expects."
        ) from error
    if not isinstance(content, dict):
        raise ModelError(f"{name} has metadata that is not a JSON object. Convert it again.")
    _check_version(content.get("format_version"), name)
    for key, right in _NEEDED.items():
        if key not in content:
            raise ModelError(f"{name} lacks '{key}' in its metadata. Convert it again.")
        if not right(content[key]):
            raise ModelError(f"{name} has an impossible '{key}' in its metadata. Convert it again.")
    return dict(content)


def _check_version(version: Any, name: str) -> None:
    """Check that this fer-edge knows the layout; every older one is read as it is."""
    if type(version) is not int or version < 1:
        raise ModelError(f"{name} has an impossible 'format_version' in its metadata. Convert it again.")
    if version > FORMAT_VERSION:
        raise ModelError(
            f"{name} comes from a newer fer-edge: its metadata has version {min(version, 10**9)}, and this one reads "
            f"up to version {FORMAT_VERSION}. Update fer-edge."
        )


_NEEDED: dict[str, Callable[[Any], bool]] = {
    "name": lambda name: isinstance(name, str),
    "recipe": lambda recipe: isinstance(recipe, dict) and isinstance(recipe.get("name"), str),
    "labels": lambda labels: isinstance(labels, list) and all(isinstance(label, str) for label in labels),
    "flatbuffer_bytes": lambda length: isinstance(length, int),
    "flatbuffer_sha256": lambda checksum: isinstance(checksum, str),
}
"""The keys that reading a model needs, and what their values must be."""
