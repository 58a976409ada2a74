"""Ed25519 signatures in model files, for fleets that must refuse foreign models.

Signed is the whole metadata, which holds the SHA-256 of the FlatBuffer; the signature is one more
entry of that metadata. Needs the extra [sign].
"""

from __future__ import annotations

import binascii
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fer_edge.convert.metadata import append_metadata, check_file
from fer_edge.errors import FerEdgeError, ModelError
from fer_edge.provenance import canonical_json
from fer_edge.runtime.metadata import ModelFile

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ENTRY = "signature"
ALGORITHM = "Ed25519"
_PURPOSE = b"fer-edge model\n"  # so that no signature made for another purpose fits


def sign_file(content: bytes, key_path: Path, name: str = "The model") -> bytes:
    """Return a model file with a signature, in place of the one that it may have.

    Args:
        content: a whole model file.
        key_path: an Ed25519 private key in PEM, without a passphrase.
        name: what errors call the model.

    Raises:
        ModelError: the file is damaged or was altered.
        FerEdgeError: the key cannot be used, or `cryptography` is not installed.
    """
    key = read_private_key(key_path)
    file = check_file(content, name)
    signature = {
        "algorithm": ALGORITHM,
        "public_key": key.public_key().public_bytes_raw().hex(),
        "value": key.sign(_signed_bytes(file)).hex(),
    }
    return append_metadata(file.flatbuffer, file.metadata.content | {ENTRY: signature})


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
        key.verify(_signature_bytes(signature), _signed_bytes(file))
    except InvalidSignature as error:
        raise ModelError(
            f"{name} was not signed with {key_path}, or was altered since. Get the model from its owner again."
        ) from error


def signer(file: ModelFile) -> str | None:
    """Return the public key, in hexadecimal, that a file claims to be signed with; None without a signature."""
    signature = file.metadata.content.get(ENTRY)
    return str(signature.get("public_key")) if isinstance(signature, dict) else None


def _signed_bytes(file: ModelFile) -> bytes:
    """Return what a signature stands for: all of the metadata but the signature itself."""
    content = {key: value for key, value in file.metadata.content.items() if key != ENTRY}
    return _PURPOSE + canonical_json(content).encode()


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
        raise FerEdgeError("Signatures need the package cryptography: run \"pip install 'fer-edge[sign]'\".") from error
    kind = "private" if private else "public"
    expected = f"Expected an Ed25519 {kind} key in PEM, without a passphrase, at {path}"
    try:
        pem = path.read_bytes()
        key = serialization.load_pem_private_key(pem, None) if private else serialization.load_pem_public_key(pem)
    except OSError as error:
        raise FerEdgeError(f"{expected}: {error.strerror}.") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # TypeError: it has a passphrase
        raise FerEdgeError(f"{expected}; the file holds none that can be read.") from error
    if not isinstance(key, ed25519.Ed25519PrivateKey if private else ed25519.Ed25519PublicKey):
        raise FerEdgeError(f"{expected}, got a {kind} key of another kind. docs/model-file.md shows how to make one.")
    return key
