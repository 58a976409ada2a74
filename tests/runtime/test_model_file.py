"""A damaged or foreign model file is refused before any interpreter sees it."""

import json
from pathlib import Path

import numpy as np
import pytest

from fer_edge.convert.metadata import append_metadata
from fer_edge.errors import ModelError
from fer_edge.runtime import EmotionClassifier
from fer_edge.runtime.metadata import FORMAT_VERSION, read_model
from fer_edge.types import LABELS


@pytest.fixture
def no_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter reads beyond its memory when a FlatBuffer is damaged; it must not be asked."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a damaged model reached the interpreter")

    monkeypatch.setattr("fer_edge.runtime.classifier.load_interpreter", refuse)


def resealed(path: Path, **changes: object) -> bytes:
    """Return the model with changed metadata, as sound as fer-edge itself would write it."""
    file = read_model(path)
    return append_metadata(file.flatbuffer, file.metadata.content | changes)


def test_metadata_of_every_variant(model_files: dict[str, Path]) -> None:
    for recipe in ("float32", "float16", "int8"):
        metadata = read_model(model_files[recipe]).metadata
        assert (metadata.name, metadata.recipe, metadata.labels) == ("tiny", recipe, LABELS)
    assert read_model(model_files["int8"].read_bytes()) == read_model(model_files["int8"])


@pytest.mark.usefixtures("no_interpreter")
@pytest.mark.parametrize("recipe", ["float32", "int8"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.9, 0.999])
def test_truncated_model(share: float, recipe: str, model_files: dict[str, Path]) -> None:
    data = model_files[recipe].read_bytes()
    with pytest.raises(ModelError, match=r"not a TFLite model|truncated"):
        EmotionClassifier(data[: int(len(data) * share)])


@pytest.mark.usefixtures("no_interpreter")
@pytest.mark.parametrize("recipe", ["float32", "float16", "int8"])
def test_flipped_byte_in_the_flatbuffer(recipe: str, model_files: dict[str, Path]) -> None:
    data = model_files[recipe].read_bytes()
    length = len(read_model(data).flatbuffer)
    positions = {0, 4, 7, 8, length - 1, *np.random.default_rng(6).integers(0, length, 150).tolist()}
    for position in positions:
        damaged = bytearray(data)
        damaged[position] ^= 1 << position % 8
        with pytest.raises(ModelError, match=r"altered|not a TFLite model"):
            EmotionClassifier(bytes(damaged))


@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_flipped_byte_in_the_metadata_is_refused_or_harmless(mask: int, model_files: dict[str, Path]) -> None:
    data = model_files["int8"].read_bytes()
    sound = read_model(data)
    refused = 0
    for position in range(len(sound.flatbuffer), len(data)):
        damaged = bytearray(data)
        damaged[position] ^= mask
        try:
            assert read_model(bytes(damaged)) == sound  # a date, say, that nobody reads
        except ModelError:
            refused += 1
    assert refused > (len(data) - len(sound.flatbuffer)) / 2


@pytest.mark.usefixtures("no_interpreter")
@pytest.mark.parametrize("content", [b"", b"x", b"\x89PNG\r\n\x1a\n" * 20, b"PK\x05\x06" + bytes(18), b"1234TFL3" * 9])
def test_what_is_no_model(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.tflite"):
        EmotionClassifier(path)


def test_missing_model_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.tflite"):
        EmotionClassifier(tmp_path / "none.tflite")
    with pytest.raises(ModelError, match="neither"):
        EmotionClassifier(tmp_path)


def test_model_of_another_converter(model_files: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match="not written by fer-edge"):
        EmotionClassifier(read_model(model_files["float32"]).flatbuffer)


@pytest.mark.usefixtures("no_interpreter")
@pytest.mark.parametrize("version", [FORMAT_VERSION + 1, 0, None, "1"])
def test_other_format_version(version: object, model_files: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match=f"version {version}.*reads version {FORMAT_VERSION}"):
        EmotionClassifier(resealed(model_files["int8"], format_version=version))


@pytest.mark.usefixtures("no_interpreter")
@pytest.mark.parametrize("key", ["name", "recipe", "labels", "flatbuffer_bytes", "flatbuffer_sha256"])
def test_missing_key(key: str, model_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    content = dict(read_model(model_files["int8"]).metadata.content)
    del content[key]
    monkeypatch.setattr(json, "loads", lambda _: content)
    with pytest.raises(ModelError, match=f"lacks '{key}'"):
        EmotionClassifier(model_files["int8"])


@pytest.mark.usefixtures("no_interpreter")
@pytest.mark.parametrize("content", [[], "text", None, 7])
def test_metadata_that_is_no_object(content: object, model_files: dict[str, Path], monkeypatch) -> None:
    monkeypatch.setattr(json, "loads", lambda _: content)
    with pytest.raises(ModelError, match="version None"):
        EmotionClassifier(model_files["int8"])


@pytest.mark.parametrize("case", ["64x64", "colour", "float input", "8 classes", "2 inputs"])
def test_model_of_another_contract(
    case: str, foreign_flatbuffers: dict[str, bytes], model_files: dict[str, Path]
) -> None:
    content = read_model(model_files["float32"]).metadata.content
    with pytest.raises(ModelError, match=r"Expected (a model with one uint8 input|one output)"):
        EmotionClassifier(append_metadata(foreign_flatbuffers[case], content))


def test_fewer_labels_than_outputs(model_files: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match="Expected one output"):
        EmotionClassifier(resealed(model_files["int8"], labels=["angry", "happy"]))


def test_labels_come_from_the_file(model_files: dict[str, Path], faces: np.ndarray) -> None:
    renamed = [name.upper() for name in LABELS]
    with EmotionClassifier(resealed(model_files["int8"], labels=renamed)) as classifier:
        assert classifier.labels == tuple(renamed)
        assert classifier.predict(faces[0]).label in renamed
