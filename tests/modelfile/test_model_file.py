"""A damaged or foreign model file is refused before any interpreter sees it."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from fer_edge.errors import ModelError
from fer_edge.modelfile.metadata import FORMAT_VERSION, MEMBER, fidelity_of, read_file, read_model
from fer_edge.modelfile.seal import append_metadata
from fer_edge.runtime import EmotionClassifier
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


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.tflite", tmp_path):
        with pytest.raises(ModelError) as caught:
            read_file(path)
        assert str(caught.value).startswith(f"{path}: ")
        assert "None" not in str(caught.value)


def test_missing_model_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.tflite"):
        EmotionClassifier(tmp_path / "none.tflite")
    with pytest.raises(ModelError, match="neither"):
        EmotionClassifier(tmp_path)


def test_model_of_another_converter(model_files: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match="not written by fer-edge"):
        EmotionClassifier(read_model(model_files["float32"]).flatbuffer)


@pytest.mark.usefixtures("no_interpreter")
@pytest.mark.parametrize(
    ("version", "reason"),
    [
        (FORMAT_VERSION + 1, f"newer fer-edge: .*version {FORMAT_VERSION + 1}.*Update"),
        (10**4000, "newer fer-edge"),
        *((version, "impossible 'format_version'") for version in (0, -1, None, "1", True, 1.0, [1])),
    ],
    ids=["newer", "huge", "0", "-1", "none", "text", "true", "1.0", "list"],
)
def test_other_format_version(version: object, reason: str, model_files: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match=reason) as caught:
        EmotionClassifier(resealed(model_files["int8"], format_version=version))
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("version", range(1, FORMAT_VERSION + 1))
def test_every_older_format_version_is_read(version: int, model_files: dict[str, Path], faces: np.ndarray) -> None:
    with EmotionClassifier(resealed(model_files["int8"], format_version=version)) as classifier:
        assert classifier.predict(faces[0]).label in classifier.labels


@pytest.mark.usefixtures("no_interpreter")
@pytest.mark.parametrize("key", ["name", "recipe", "labels", "flatbuffer_bytes", "flatbuffer_sha256"])
def test_missing_key(key: str, model_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    content = dict(read_model(model_files["int8"]).metadata.content)
    del content[key]
    monkeypatch.setattr(json, "loads", lambda _: content)
    with pytest.raises(ModelError, match=f"lacks '{key}'"):
        EmotionClassifier(model_files["int8"])


@pytest.mark.usefixtures("no_interpreter")
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", 7),
        ("recipe", "int8"),
        ("recipe", {}),
        ("recipe", {"name": 3}),
        ("labels", "angry, happy"),
        ("labels", {"angry": 0}),
        ("labels", ["angry", 7]),
        ("flatbuffer_bytes", "14000"),
        ("flatbuffer_bytes", 14000.0),
        ("flatbuffer_sha256", None),
    ],
)
def test_impossible_value(key: str, value: object, model_files: dict[str, Path], monkeypatch) -> None:
    content = read_model(model_files["int8"]).metadata.content | {key: value}
    monkeypatch.setattr(json, "loads", lambda _: content)
    with pytest.raises(ModelError, match=f"impossible '{key}'"):
        EmotionClassifier(model_files["int8"])


def test_errors_call_a_model_by_its_path_or_as_they_are_told(model_files: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "cut.tflite"
    path.write_bytes(model_files["int8"].read_bytes()[:5000])
    for source, told, name in (
        (path, "", str(path)),
        (str(path), "", str(path)),
        (path, "yours", "yours"),
        (path.read_bytes(), "", "The model"),
        (path.read_bytes(), "yours", "yours"),
    ):
        with pytest.raises(ModelError) as caught:
            read_model(source, name=told)
        assert str(caught.value).startswith(f"{name} is truncated")


def test_files_up_to_the_limit_are_read(model_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = model_files["int8"]
    size = path.stat().st_size
    monkeypatch.setattr("fer_edge.modelfile.metadata.MAX_MODEL_BYTES", size)
    assert read_file(path) == path.read_bytes()
    monkeypatch.setattr("fer_edge.modelfile.metadata.MAX_MODEL_BYTES", size - 1)
    with pytest.raises(ModelError, match=f"has {size:,} bytes.* {size - 1:,}"):
        read_file(path)


def test_metadata_up_to_the_limit_is_read(model_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    data = model_files["int8"].read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        (member,) = archive.infolist()
    assert member.filename == MEMBER
    monkeypatch.setattr("fer_edge.modelfile.metadata.MAX_METADATA_BYTES", member.file_size)
    assert read_model(data).metadata.name == "tiny"
    monkeypatch.setattr("fer_edge.modelfile.metadata.MAX_METADATA_BYTES", member.file_size - 1)
    with pytest.raises(ModelError, match="no readable metadata"):
        read_model(data)


@pytest.mark.usefixtures("no_interpreter")
@pytest.mark.parametrize("content", [[], "text", None, 7])
def test_metadata_that_is_no_object(content: object, model_files: dict[str, Path], monkeypatch) -> None:
    monkeypatch.setattr(json, "loads", lambda _: content)
    with pytest.raises(ModelError, match="not a JSON object"):
        EmotionClassifier(model_files["int8"])


@pytest.mark.parametrize("case", ["64x64", "colour", "8 classes", "2 inputs"])
def test_model_of_another_contract(
    case: str, foreign_flatbuffers: dict[str, bytes], model_files: dict[str, Path]
) -> None:
    content = read_model(model_files["float32"]).metadata.content
    with pytest.raises(ModelError, match=r"promises an input|Expected one (input|output)"):
        EmotionClassifier(append_metadata(foreign_flatbuffers[case], content))


def test_fewer_labels_than_outputs(model_files: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match="Expected one output"):
        EmotionClassifier(resealed(model_files["int8"], labels=["angry", "happy"]))


def test_labels_come_from_the_file(model_files: dict[str, Path], faces: np.ndarray) -> None:
    renamed = [name.upper() for name in LABELS]
    with EmotionClassifier(resealed(model_files["int8"], labels=renamed)) as classifier:
        assert classifier.labels == tuple(renamed)
        assert classifier.predict(faces[0]).label in renamed


def test_what_a_conversion_cost_is_read_by_both_names() -> None:
    assert fidelity_of({"fidelity": {"agreement": 1}}) == {"agreement": 1}
    assert fidelity_of({"verification": {"agreement": 0.5}}) == {"agreement": 0.5}  # metadata version 1
    assert fidelity_of({"fidelity": None}) is None
    assert fidelity_of({}) is None
