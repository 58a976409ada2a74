"""What a model file says of itself: labels, input contract, provenance and checksum.

A .tflite file is a FlatBuffer, and its readers ignore what follows it. fer-edge appends a ZIP
archive with one JSON member, so that the standard library reads it back and the FlatBuffer stays
byte-identical. The layout is described in docs/model-file.md.

The checksum guards against damage, not against malice: whoever writes a bad FlatBuffer can write a
checksum that fits, and interpreters may crash on it. Load models of people whom you trust.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fer_edge.errors import ModelError
from fer_edge.runtime.archive import read_member
from fer_edge.runtime.checksum import sha256

MEMBER = "fer_edge.json"
FORMAT_VERSION = 1

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


@dataclass(frozen=True)
class ModelFile:
    """A verified model: the FlatBuffer that an interpreter loads, and its metadata."""

    flatbuffer: bytes
    metadata: ModelMetadata


def read_model(source: str | os.PathLike[str] | bytes, *, name: str = "") -> ModelFile:
    """Read and verify a .tflite file that fer-edge wrote, before any interpreter sees it.

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
        size = os.stat(path).st_size
        if size > MAX_MODEL_BYTES:
            raise ModelError(f"{path} is no model of fer-edge: it has {size:,} bytes, at most {MAX_MODEL_BYTES:,}.")
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ModelError(f"Expected a .tflite model at {path}: {error.strerror}.") from error


def _read_content(data: bytes, name: str) -> dict[str, Any]:
    """Return the JSON member, checked for version and for the keys that reading needs."""
    if data[4:8] != b"TFL3":
        raise ModelError(f"{name} is not a TFLite model ({len(data):,} bytes, without the mark 'TFL3').")
    try:
        content = json.loads(read_member(data, MEMBER, MAX_METADATA_BYTES))
    except (ValueError, RecursionError) as error:  # of the archive, of its text, of its JSON
        raise ModelError(
            f"{name} is truncated, damaged, or was not written by fer-edge: it holds no readable "
            "metadata. Convert the Keras model with 'fer-edge convert'."
        ) from error
    version = content.get("format_version") if isinstance(content, dict) else None
    if version != FORMAT_VERSION:
        raise ModelError(
            f"{name} has metadata of version {version}; this fer-edge reads version {FORMAT_VERSION}. Update fer-edge."
        )
    for key, right in _NEEDED.items():
        if key not in content:
            raise ModelError(f"{name} lacks '{key}' in its metadata. Convert it again.")
        if not right(content[key]):
            raise ModelError(f"{name} has an impossible '{key}' in its metadata. Convert it again.")
    return dict(content)


_NEEDED: dict[str, Callable[[Any], bool]] = {
    "name": lambda name: isinstance(name, str),
    "recipe": lambda recipe: isinstance(recipe, dict) and isinstance(recipe.get("name"), str),
    "labels": lambda labels: isinstance(labels, list) and all(isinstance(label, str) for label in labels),
    "flatbuffer_bytes": lambda length: isinstance(length, int),
    "flatbuffer_sha256": lambda checksum: isinstance(checksum, str),
}
"""The keys that reading a model needs, and what their values must be."""
