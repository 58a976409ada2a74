"""Write a model's metadata behind its FlatBuffer, and check a whole file; `metadata` reads it."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import Any

from fer_edge.errors import ModelError
from fer_edge.modelfile.metadata import MEMBER, ModelFile, read_model
from fer_edge.modelfile.provenance import write_json_member


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
