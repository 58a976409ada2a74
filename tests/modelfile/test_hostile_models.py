"""500 damaged copies of each model: refused in one sentence, or as good as before. Never a crash or another answer."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fer_edge.errors import ModelError
from fer_edge.modelfile.metadata import MAX_MODEL_BYTES, MEMBER, read_model
from fer_edge.modelfile.seal import append_metadata
from fer_edge.runtime import EmotionClassifier
from fer_edge.runtime.bundled import find_model

COUNT = 500


def mutate(model: Path, count: int) -> dict[str, dict[str, int]]:
    """Return kind of damage -> outcome -> count; see tools/fuzz/models.py."""
    script = Path(__file__).parent.parent.parent / "tools/fuzz/models.py"
    command = [sys.executable, "-X", "faulthandler", str(script), str(model), str(count), "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, f"{lines[-1:]}: {done.stderr[-2000:]}"
    return json.loads(lines[-1])


@pytest.mark.parametrize("recipe", ["bundled", "float32", "float16", "int8"])
def test_no_damage_crashes_or_changes_an_answer(recipe: str, model_files: dict[str, Path]) -> None:
    outcomes = mutate(find_model("edge_cnn_s") if recipe == "bundled" else model_files[recipe], COUNT)
    assert sum(sum(counts.values()) for counts in outcomes.values()) == COUNT
    assert {outcome for counts in outcomes.values() for outcome in counts} <= {"refused", "same answers"}
    # Only the checksum, and for the resealed ones only the interpreter, can tell.
    for kind in ("flip_bits", "cut_off", "change_header", "garbage", "reseal"):
        assert outcomes[kind].get("refused", 0) >= 0.95 * sum(outcomes[kind].values()), kind


def test_without_the_checksum_damage_would_go_unnoticed(model_files: dict[str, Path]) -> None:
    """Or else the test above would prove nothing of the checksum."""
    file = read_model(model_files["int8"])
    weights = bytearray(file.flatbuffer)
    changed = 0
    for position in range(0, len(weights), len(weights) // 20):
        weights[position] ^= 0x40
        try:
            EmotionClassifier(append_metadata(bytes(weights), file.metadata.content)).close()
            changed += 1
        except ModelError:
            pass
        weights[position] ^= 0x40
    assert changed > 5


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", 3),
        ("recipe", "int8"),
        ("recipe", {"name": None}),
        ("labels", "angry"),
        ("labels", [1, 2, 3, 4, 5, 6, 7]),
        ("labels", None),
    ],
)
def test_impossible_metadata_is_named(key: str, value: object, model_files: dict[str, Path]) -> None:
    file = read_model(model_files["int8"])
    with pytest.raises(ModelError, match=f"impossible '{key}'"):
        EmotionClassifier(append_metadata(file.flatbuffer, file.metadata.content | {key: value}))


@pytest.mark.parametrize("length", ["12", None, 1.5, [], {}])
def test_impossible_length_and_checksum(length: object, model_files: dict[str, Path], monkeypatch) -> None:
    content = read_model(model_files["int8"]).metadata.content
    for key in ("flatbuffer_bytes", "flatbuffer_sha256"):
        odd = 7 if key == "flatbuffer_sha256" else length
        monkeypatch.setattr(json, "loads", lambda _, key=key, odd=odd: content | {key: odd})
        with pytest.raises(ModelError, match=f"impossible '{key}'"):
            EmotionClassifier(model_files["int8"])


def with_member(model: Path, content: bytes, method: int) -> bytes:
    """Return the model with another member in place of its metadata."""
    import io
    import zipfile

    file = io.BytesIO(read_model(model).flatbuffer)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(MEMBER, content, compress_type=method)
    return file.getvalue()


@pytest.mark.parametrize("method", [0, 8, 12, 14])  # stored, deflate, bzip2, LZMA
def test_damaged_json_in_every_packing(method: int, model_files: dict[str, Path]) -> None:
    for content in (b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b'{"format_version": ' + b"9" * 10_000 + b"}"):
        data = bytearray(with_member(model_files["int8"], content, method))
        with pytest.raises(ModelError):
            EmotionClassifier(bytes(data))


@pytest.mark.parametrize("method", [0, 8, 12, 14])
def test_damaged_packing(method: int, model_files: dict[str, Path]) -> None:
    """Each packing has errors of its own; LZMA's has no common base with the others."""
    data = bytearray(with_member(model_files["int8"], b'{"format_version": 1}' * 50, method))
    start = data.rindex(b"PK\x03\x04") + 30 + len(MEMBER)
    data[start + 4 : start + 30] = b"\xff" * 26
    with pytest.raises(ModelError, match="no readable metadata"):
        EmotionClassifier(bytes(data))


def test_metadata_bomb_is_not_unpacked(model_files: dict[str, Path]) -> None:
    import tracemalloc

    bomb = with_member(model_files["int8"], b" " * 200_000_000, 8)
    declared = (200_000_000).to_bytes(4, "little")
    for data in (bomb, bomb.replace(declared, (1000).to_bytes(4, "little"))):  # the second one lies about it
        tracemalloc.start()
        with pytest.raises(ModelError, match="no readable metadata"):
            EmotionClassifier(data)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 30_000_000


def test_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "film.tflite"
    with path.open("wb") as file:
        file.truncate(MAX_MODEL_BYTES + 1)  # sparse: takes no room on the disk
    with pytest.raises(ModelError, match=r"film\.tflite is not a fer-edge model"):
        EmotionClassifier(path)
