"""A model file vouches for every byte of itself; with a signature, for its origin too."""

import io
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from fer_edge.errors import FerEdgeError, ModelError
from fer_edge.modelfile.metadata import MEMBER, read_model
from fer_edge.modelfile.provenance import canonical_json
from fer_edge.modelfile.seal import append_metadata, check_file
from fer_edge.modelfile.signing import check_signature, sign_file, signer
from fer_edge.runtime import EmotionClassifier

Keys = dict[str, Path]


def private_pem(key, passphrase: bytes | None = None) -> bytes:
    sealed = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealed)


def public_pem(key) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """PEM files: two Ed25519 pairs, one of another kind, one with a passphrase, and no key."""
    folder = tmp_path_factory.mktemp("keys")
    ours, theirs = (ed25519.Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
    other = ec.derive_private_key(7, ec.SECP256R1())
    contents = {
        "ours": private_pem(ours),
        "ours.pub": public_pem(ours),
        "theirs": private_pem(theirs),
        "theirs.pub": public_pem(theirs),
        "other": private_pem(other),
        "other.pub": public_pem(other),
        "locked": private_pem(ours, b"secret"),
        "no key": b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    }
    for name, content in contents.items():
        (folder / f"{name}.pem").write_bytes(content)
    return {name: folder / f"{name}.pem" for name in [*contents, "missing"]}


@pytest.fixture(scope="module")
def model(model_files: dict[str, Path]) -> bytes:
    return model_files["int8"].read_bytes()


@pytest.fixture(scope="module")
def signed(model: bytes, keys: Keys) -> bytes:
    return sign_file(model, keys["ours"])


def test_every_variant_is_intact(model_files: dict[str, Path]) -> None:
    for recipe in ("float32", "float16", "int8"):
        data = model_files[recipe].read_bytes()
        assert check_file(data) == read_model(data)


@pytest.mark.parametrize("kind", ["plain", "signed"])
@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_any_changed_byte_is_found(kind: str, mask: int, model: bytes, signed: bytes) -> None:
    data = model if kind == "plain" else signed
    length = len(read_model(data).flatbuffer)
    weights = np.random.default_rng(mask).integers(0, length, 100).tolist()
    for position in [*weights, *range(length, len(data))]:
        changed = bytearray(data)
        changed[position] ^= mask
        with pytest.raises(ModelError):
            check_file(bytes(changed))


def rewritten(data: bytes, text: str, packing: int = zipfile.ZIP_STORED, comment: bytes = b"", more: str = "") -> bytes:
    """Return the model with another archive: valid ZIP, right checksums."""
    file = io.BytesIO(read_model(data).flatbuffer)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(zipfile.ZipInfo(MEMBER, (1980, 1, 1, 0, 0, 0)), text, packing)
        if more:
            archive.writestr(more, "more")
        archive.comment = comment
    return file.getvalue()


def test_archives_that_read_the_same_are_found(model: bytes) -> None:
    text = canonical_json(read_model(model).metadata.content)
    assert rewritten(model, text) == model
    length = len(read_model(model).flatbuffer)
    altered = [
        rewritten(model, text + "\n"),
        rewritten(model, text, packing=zipfile.ZIP_DEFLATED),
        rewritten(model, text, comment=b"hello"),
        rewritten(model, text, more="virus.exe"),
        rewritten(model, text.replace("{", '{"name": "other",', 1)),
        model + b"\0",
    ]
    for data in altered:
        assert read_model(data) == read_model(model)
        with pytest.raises(ModelError, match=r"here\.tflite was altered"):
            check_file(data, "here.tflite")
    with pytest.raises(ModelError):
        check_file(model[:length] + b"\0" + model[length:])


def test_half_a_character_is_found(model: bytes) -> None:
    text = canonical_json(read_model(model).metadata.content).replace('"happy"', '"\\ud800"')
    with pytest.raises(ModelError, match="altered"):
        check_file(rewritten(model, text))


def test_signature_holds_and_is_reproducible(model: bytes, signed: bytes, keys: Keys) -> None:
    file = check_file(signed)
    check_signature(file, keys["ours.pub"])
    assert (
        signer(file)
        == ed25519.Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32).public_key().public_bytes_raw().hex()
    )
    assert signer(check_file(model)) is None
    assert file.flatbuffer == read_model(model).flatbuffer
    assert sign_file(model, keys["ours"]) == signed
    assert sign_file(sign_file(model, keys["theirs"]), keys["ours"]) == signed


def test_signed_file_answers_as_before(model: bytes, signed: bytes, faces: np.ndarray) -> None:
    with EmotionClassifier(model) as before, EmotionClassifier(signed) as after:
        np.testing.assert_array_equal(before.predict(faces[0]).probabilities, after.predict(faces[0]).probabilities)


def test_foreign_and_unsigned_models_are_refused(model: bytes, signed: bytes, keys: Keys) -> None:
    with pytest.raises(ModelError, match="here is not signed"):
        check_signature(check_file(model), keys["ours.pub"], "here")
    with pytest.raises(ModelError, match=r"here was not signed with .*theirs\.pub\.pem"):
        check_signature(check_file(signed), keys["theirs.pub"], "here")


def test_rewritten_file_is_found_by_its_signature(signed: bytes, keys: Keys) -> None:
    """Whoever changes labels or weights and seals the file again passes the checksums, not the signature."""
    file = read_model(signed)
    weights = bytearray(file.flatbuffer)
    weights[-5] ^= 1
    swapped = file.metadata.content | {"labels": file.metadata.content["labels"][::-1]}
    for forged in (append_metadata(file.flatbuffer, swapped), append_metadata(bytes(weights), file.metadata.content)):
        intact = check_file(forged)
        with pytest.raises(ModelError, match="was not signed"):
            check_signature(intact, keys["ours.pub"])


@pytest.mark.parametrize(
    "change",
    [
        {"public_key": "00" * 32},
        {"public_key": None},
        {"note": "trust me"},
        lambda entry: {"value": entry["value"].upper()},
        lambda entry: {"public_key": entry["public_key"].upper()},
    ],
)
def test_nothing_in_the_signature_itself_changes_unnoticed(change, signed: bytes, keys: Keys) -> None:
    file = read_model(signed)
    entry = file.metadata.content["signature"]
    changed = {**entry, **(change(entry) if callable(change) else change)}
    forged = check_file(append_metadata(file.flatbuffer, file.metadata.content | {"signature": changed}))
    with pytest.raises(ModelError, match="was not signed"):
        check_signature(forged, keys["ours.pub"])


@pytest.mark.parametrize("claimed", ["", "00", "Z" * 64, "\x1b[2J" + "0" * 60, None, 7])
def test_a_claim_that_is_no_key_is_not_shown(claimed: object, model: bytes) -> None:
    file = read_model(model)
    entry = {"algorithm": "Ed25519", "public_key": claimed, "value": ""}
    assert signer(read_model(append_metadata(file.flatbuffer, file.metadata.content | {"signature": entry}))) is None


def test_the_runtime_can_demand_a_signature(
    model: bytes, signed: bytes, keys: Keys, tmp_path: Path, faces: np.ndarray
) -> None:
    path = tmp_path / "signed.tflite"
    path.write_bytes(signed)
    for source in (signed, path, str(path)):
        with EmotionClassifier(source, trusted_key=keys["ours.pub"]) as classifier:
            assert classifier.predict(faces[0]).label in classifier.labels
    with pytest.raises(ModelError, match="The model is not signed"):
        EmotionClassifier(model, trusted_key=keys["ours.pub"])
    with pytest.raises(ModelError, match=r"signed\.tflite was not signed with .*theirs"):
        EmotionClassifier(path, trusted_key=str(keys["theirs.pub"]))
    with pytest.raises(ModelError, match="altered"):
        EmotionClassifier(signed + b"\0", trusted_key=keys["ours.pub"])
    with pytest.raises(FerEdgeError, match="no such file"):
        EmotionClassifier(signed, trusted_key=keys["missing"])
    with pytest.raises(ModelError, match=r"edge_cnn_s.* is not signed"):
        EmotionClassifier("edge_cnn_s", trusted_key=keys["ours.pub"])


@pytest.mark.parametrize("entry", ["text", {}, {"algorithm": "Ed25519", "value": "no hex"}, {"algorithm": "none"}])
def test_malformed_signature(entry: object, model: bytes, keys: Keys) -> None:
    file = read_model(model)
    forged = check_file(append_metadata(file.flatbuffer, file.metadata.content | {"signature": entry}))
    with pytest.raises(ModelError, match="was not signed"):
        check_signature(forged, keys["ours.pub"])


def test_damaged_model_is_not_signed(model: bytes, keys: Keys) -> None:
    with pytest.raises(ModelError, match="altered"):
        sign_file(model + b"\0", keys["ours"])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing", "no such file"),
        ("no key", "can be read"),
        ("locked", "can be read"),
        ("other", "another type"),
        ("ours.pub", "can be read"),
    ],
)
def test_unusable_private_key(name: str, reason: str, model: bytes, keys: Keys) -> None:
    with pytest.raises(FerEdgeError, match=rf"Expected an Ed25519 private key.*{name}.*{reason}"):
        sign_file(model, keys[name])


@pytest.mark.parametrize(
    ("name", "reason"), [("missing", "no such file"), ("ours", "can be read"), ("other.pub", "another type")]
)
def test_unusable_public_key(name: str, reason: str, signed: bytes, keys: Keys) -> None:
    with pytest.raises(FerEdgeError, match=rf"Expected an Ed25519 public key.*{name}.*{reason}"):
        check_signature(check_file(signed), keys[name])


def test_without_cryptography(model: bytes, keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    check_file(model)
    with pytest.raises(FerEdgeError, match=r"pip install '\.\[sign\]'"):
        sign_file(model, keys["ours"])
