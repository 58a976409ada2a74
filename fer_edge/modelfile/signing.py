"""Ed25519 signatures in model files, for fleets that must refuse foreign models.

Signed is the whole metadata, which holds the SHA-256 of the FlatBuffer; the signature is one more
entry of that metadata. Needs the extra [sign].
"""

from __future__ import annotations

import binascii
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fer_edge.errors import FerEdgeError, ModelError, install_hint, os_reason
from fer_edge.modelfile.metadata import ModelFile, read_file
from fer_edge.modelfile.provenance import canonical_json
from fer_edge.modelfile.seal import append_metadata, check_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ENTRY = "signature"
RELEASE = "release"
ALGORITHM = "Ed25519"
_PURPOSE = b"fer-edge model\n"  # so that no signature made for another purpose fits


def sign_file(
    content: bytes,
    key_path: Path,
    name: str = "The model",
    *,
    release: int | None = None,
    more: dict[str, Any] | None = None,
) -> bytes:
    """Return a model file with a signature, in place of the one that it may have.

    Args:
        content: a whole model file.
        key_path: an Ed25519 private key in PEM, without a passphrase.
        name: what errors call the model.
        release: a number that grows from release to release, so that devices refuse to go back; None leaves the one
            that the file may have.
        more: further entries of the metadata, which the signature covers too.

    Raises:
        ModelError: the file is damaged or was altered.
        FerEdgeError: the key cannot be used, or `cryptography` is not installed.
    """
    key = read_private_key(key_path)
    file = check_file(content, name)
    content_signed = file.metadata.content | (more or {}) | ({} if release is None else {RELEASE: release})
    signature = _entry(key.public_key(), key.sign(_signed_bytes(content_signed)))
    return append_metadata(file.flatbuffer, content_signed | {ENTRY: signature})


def release_of(content: dict[str, Any]) -> int | None:
    """Return the release number in a model's metadata; None where it has none."""
    found = content.get(RELEASE)
    return found if type(found) is int else None


def check_signature(file: ModelFile, key_path: Path, name: str = "The model") -> None:
    """Check that the owner of a key signed a model file that `check_file` found intact.

    Args:
        file: what `check_file` returned.
        key_path: an Ed25519 public key in PEM.
        name: what errors call the model.

    Raises:
        ModelError: it carries no signature, or not one of this key.
        FerEdgeError: the key cannot be used, or `cryptography` is not installed.
    """
    key = _read_public_key(key_path)
    from cryptography.exceptions import InvalidSignature

    signature = file.metadata.content.get(ENTRY)
    if signature is None:
        raise ModelError(f"{name} is not signed: expected a signature of {key_path}. Sign it with 'fer-edge sign'.")
    try:
        value = _signature_bytes(signature)
        key.verify(value, _signed_bytes(file.metadata.content))
        if signature != _entry(key, value):  # what the signature itself cannot cover
            raise InvalidSignature
    except InvalidSignature as error:
        raise ModelError(
            f"{name} was not signed with {key_path}, or was altered since. Get the model from its owner again."
        ) from error


def read_trusted(source: str | os.PathLike[str] | bytes, key_path: str | os.PathLike[str], name: str = "") -> ModelFile:
    """Read a model file only if every byte is in order and the owner of a key signed it.

    Args:
        source: the file, or its bytes.
        key_path: an Ed25519 public key in PEM.
        name: what errors call it; default: the path, or "The model".

    Raises:
        ModelError: it is missing, damaged, altered, unsigned, or signed with another key.
        FerEdgeError: the key cannot be used, or `cryptography` is not installed.
    """
    name = name or ("The model" if isinstance(source, bytes) else os.fspath(source))
    file = check_file(source if isinstance(source, bytes) else read_file(source), name)
    check_signature(file, Path(key_path), name)
    return file


def signer(file: ModelFile) -> str | None:
    """Return the public key, in hexadecimal, that a file claims to be signed with; None where it claims none."""
    signature = file.metadata.content.get(ENTRY)
    key = str(signature.get("public_key")) if isinstance(signature, dict) else ""
    return key if re.fullmatch("[0-9a-f]{64}", key) else None


def _entry(key: Ed25519PublicKey, value: bytes) -> dict[str, str]:
    """Return the one entry that fer-edge writes for a signature."""
    return {"algorithm": ALGORITHM, "public_key": key.public_bytes_raw().hex(), "value": value.hex()}


def _signed_bytes(content: dict[str, Any]) -> bytes:
    """Return what a signature stands for: all of the metadata but the signature itself."""
    return _PURPOSE + canonical_json({key: value for key, value in content.items() if key != ENTRY}).encode()


def _signature_bytes(signature: Any) -> bytes:
    """Return the signature's value; no bytes, which no key verifies, where it is malformed."""
    if not isinstance(signature, dict) or signature.get("algorithm") != ALGORITHM:
        return b""
    try:
        return binascii.unhexlify(str(signature.get("value")))
    except ValueError:
        return b""


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """Return a key to sign with.

    Raises:
        FerEdgeError: it cannot be used, or `cryptography` is not installed.
    """
    return cast("Ed25519PrivateKey", _read_key(path, private=True))


def _read_public_key(path: Path) -> Ed25519PublicKey:
    return cast("Ed25519PublicKey", _read_key(path, private=False))


def _read_key(path: Path, *, private: bool) -> object:
    """Return an Ed25519 key from a PEM file."""
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise FerEdgeError(f"Signatures need the package cryptography: {install_hint('sign')}.") from error
    kind = "private" if private else "public"
    expected = f"Expected an Ed25519 {kind} key in PEM, without a passphrase, at {path}"
    try:
        pem = path.read_bytes()
        key = serialization.load_pem_private_key(pem, None) if private else serialization.load_pem_public_key(pem)
    except OSError as error:
        raise FerEdgeError(f"{expected}: {os_reason(error)}.") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # TypeError: it has a passphrase
        raise FerEdgeError(f"{expected}; this file contains none that can be read.") from error
    if not isinstance(key, ed25519.Ed25519PrivateKey if private else ed25519.Ed25519PublicKey):
        raise FerEdgeError(f"{expected}, got a {kind} key of another type. docs/model-file.md shows how to make one.")
    return key
