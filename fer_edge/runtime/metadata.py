"""What a model file says of itself: labels, input contract, provenance and checksum.

A .tflite file is a FlatBuffer, and its readers ignore what follows it. fer-edge appends a ZIP
archive with one JSON member, so that the standard library reads it back and the FlatBuffer stays
byte-identical. The layout is described in docs/model-file.md.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_edge.errors import ModelError

MEMBER = "fer_edge.json"
FORMAT_VERSION = 1

# What the standard library raises for a damaged archive or member; RuntimeError when a flipped bit
# marks the member as encrypted, KeyError when it is not there.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, KeyError, ValueError, OSError)


@dataclass(frozen=True)
class ModelMetadata:
    """The facts that travel inside a .tflite file.

    Attributes:
        name: the network, such as "edge_cnn".
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


def read_model(source: Path | bytes) -> ModelFile:
    """Read and verify a .tflite file that fer-edge wrote, before any interpreter sees it.

    Raises:
        ModelError: missing, truncated, altered, from a newer fer-edge, or without its metadata.
    """
    name = "The model" if isinstance(source, bytes) else str(source)
    data = source if isinstance(source, bytes) else _read_file(source)
    content = _read_content(data, name)
    length = content["flatbuffer_bytes"]
    if hashlib.sha256(data[:length]).hexdigest() != content["flatbuffer_sha256"]:
        raise ModelError(f"{name} was altered after it was written: its checksum does not match. Convert it again.")
    metadata = ModelMetadata(content["name"], content["recipe"]["name"], tuple(content["labels"]), content)
    return ModelFile(data[:length], metadata)


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"Expected a .tflite model at {path}: {error.strerror}.") from error


def _read_content(data: bytes, name: str) -> dict[str, Any]:
    """Return the JSON member, checked for version and for the keys that reading needs."""
    if data[4:8] != b"TFL3":
        raise ModelError(f"{name} is not a TFLite model ({len(data):,} bytes, without the mark 'TFL3').")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            content = json.loads(archive.read(MEMBER))
    except _DAMAGE as error:
        raise ModelError(
            f"{name} is truncated, damaged, or was not written by fer-edge: it holds no readable "
            "metadata. Convert the Keras model with 'fer-edge convert'."
        ) from error
    version = content.get("format_version") if isinstance(content, dict) else None
    if version != FORMAT_VERSION:
        raise ModelError(
            f"{name} has metadata of version {version}; this fer-edge reads version {FORMAT_VERSION}. Update fer-edge."
        )
    needed = {"name", "recipe", "labels", "flatbuffer_bytes", "flatbuffer_sha256"}
    if not needed <= content.keys():
        raise ModelError(f"{name} lacks '{sorted(needed - content.keys())[0]}' in its metadata. Convert it again.")
    return dict(content)
