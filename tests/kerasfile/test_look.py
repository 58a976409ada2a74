"""A file is known by its first bytes, and what is no network is named, in a moment and without TensorFlow."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fer_edge.errors import ModelError
from fer_edge.kerasfile.look import look_at

STRANGERS = {
    "empty": (b"", "empty"),
    "Git LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "git lfs pull"),
    "web page": (b"\n<!DOCTYPE html><html>", "web page"),
    "TFLite": (b"\x1c\0\0\0TFL3" + bytes(20), "fer-edge describe"),
    "old PyTorch": (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "PyTorch"),
    "pickle": (b"\x80\x04\x95\0\0", "pickle"),
    "ONNX": (b"\x08\x07\x12\x07pytorch\x1a", "ONNX"),
    "safetensors": ((40).to_bytes(8, "little") + b'{"a":1}', "safetensors"),
    "gzip": (b"\x1f\x8b\x08", "archive"),
    "JSON": (b'{"class_name": "Sequential"}', "--architecture"),
    "zeros": (bytes(500), "zeros"),
    "noise": (b"\x91\x12\x13\x14 noise", "no Keras network"),
    "cut off": (b"\x89HDF\r\n\x1a\n" + bytes(30), "cut off"),
    "cut zip": (b"PK\x03\x04" + bytes(30), "cut off"),
}


@pytest.mark.parametrize("name", STRANGERS)
@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_strangers_are_named(name: str, suffix: str, tmp_path: Path) -> None:
    content, said = STRANGERS[name]
    path = tmp_path / f"model{suffix}"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=said):
        look_at(path)


@pytest.mark.parametrize("name", ["config.json", "metadata.json", "model.weights.h5"])
def test_members_that_unpack_to_much_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in {"config.json", "metadata.json", "model.weights.h5"} - {name}:
            archive.writestr(member, '{"class_name": "Sequential"}')
        archive.writestr(name, bytes(12_000_000))
    with pytest.raises(ModelError, match=rf"bomb\.keras: its {name} unpacks to 12,000,000 bytes"):
        look_at(path)


def test_many_members_that_unpack_to_much_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", '{"class_name": "Sequential"}')
        for number in range(4):
            archive.writestr(f"assets/{number}", bytes(4_000_000))
    with pytest.raises(ModelError, match="more than a network"):
        look_at(path)


def keras_file(path: Path, layer: dict) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps({"class_name": "Sequential", "config": {"layers": [layer]}}))
    return path


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ({"class_name": "Lambda", "config": {"name": "x"}}, "Python code"),
        ({"class_name": "TFOpLambda", "config": {"name": "tf.math.truediv"}}, "tf.math.truediv.*SavedModel"),
        ({"class_name": "Mine", "module": "my.net", "registered_name": "Custom>Mine"}, "author's own code"),
    ],
)
def test_layers_that_cannot_be_loaded_are_named(layer: dict, said: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=said):
        look_at(keras_file(tmp_path / "model.keras", layer))


def test_a_pytorch_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "model.keras", "w") as archive:
        archive.writestr("model/data.pkl", b"")
    with pytest.raises(ModelError, match="litert-torch"):
        look_at(tmp_path / "model.keras")


def test_folders(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="another folder"):
        look_at(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(ModelError, match="without its folder 'variables'"):
        look_at(tmp_path)
    (tmp_path / "variables").mkdir()
    assert look_at(tmp_path).kind == "folder"


def test_looking_loads_no_tensorflow(tmp_path: Path) -> None:
    path = keras_file(tmp_path / "model.keras", {"class_name": "Dense", "config": {}})
    program = (
        "import sys; from pathlib import Path; from fer_edge.kerasfile.look import look_at\n"
        f"look_at(Path({str(path)!r})); print({{'tensorflow', 'keras'}} & set(sys.modules))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "set()"
