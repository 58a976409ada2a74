"""`fer-edge convert` with what it does beyond a plain file: signatures, C sources, sweep, --debug."""

import json
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from helpers import folder_edition, labelled_faces, write_files

from fer_edge.modelfile.metadata import read_model
from fer_edge.modelfile.signing import signer

Run = Callable[..., subprocess.CompletedProcess[str]]
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
INT8 = ("convert", "tiny.keras", "--to", "int8", "--data", "fer2013", "--calibration-size", 14)


@pytest.fixture
def workshop(tmp_path: Path, model_files: dict[str, Path]) -> Path:
    """A folder with a network, a small FER2013, and a pair of keys."""
    splits = {name: labelled_faces(21, split=name, seed=seed) for seed, name in enumerate(("train", "public"))}
    write_files(tmp_path / "fer2013", folder_edition(splits))
    shutil.copy(model_files["keras"], tmp_path / "tiny.keras")
    pem, spki = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    private = KEY.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return write_files(tmp_path, {"key.pem": private, "pub.pem": KEY.public_key().public_bytes(pem, spki)})


def made(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"fer2013", "tiny.keras", "key.pem", "pub.pem"}


def test_signed_and_as_c_source(workshop: Path, run_cli: Run) -> None:
    done = run_cli(*INT8, "--sign", "key.pem", "--c-array", "--max-drop", 100)
    assert done.returncode == 0, done.stderr
    kit = {"tiny_int8_tflm.h", "tiny_int8_main.cc"}
    assert made(workshop) == {"tiny.int8.tflite", "tiny_int8.c", "tiny_int8.h"} | kit
    for name in made(workshop):
        assert f"Wrote {name}\n" in done.stdout
    model = read_model(workshop / "tiny.int8.tflite")
    assert signer(model) == KEY.public_key().public_bytes_raw().hex()
    assert model.metadata.content["flatbuffer_sha256"] in (workshop / "tiny_int8.h").read_text()
    assert f"g_tiny_int8[{len(model.flatbuffer)}]" in (workshop / "tiny_int8.c").read_text()
    assert run_cli("verify", "tiny.int8.tflite", "--verify-key", "pub.pem").returncode == 0
    # Its own C source is in the way too, and all are told before any work.
    (workshop / "tiny.int8.tflite").unlink()
    again = run_cli(*INT8, "--c-array")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.startswith("Error: tiny_int8.c already exists.")


def test_to_c(workshop: Path, run_cli: Run) -> None:
    arguments = ["c" if argument == "int8" else argument for argument in INT8]
    done = run_cli(*arguments, "--max-drop", 100)
    assert done.returncode == 0, done.stderr
    assert made(workshop) == {"tiny.int8.tflite", "tiny_c"}
    header = (workshop / "tiny_c/fer_edge.h").read_text()
    assert read_model(workshop / "tiny.int8.tflite").metadata.content["flatbuffer_sha256"] in header
    assert "on microcontrollers, agrees with Keras" in done.stdout
    (workshop / "tiny.int8.tflite").unlink()
    assert "fer_edge.c already exists" in " ".join(run_cli(*arguments).stderr.split())


def test_a_key_is_read_before_the_work(workshop: Path, run_cli: Run) -> None:
    done = run_cli(*INT8, "--sign", "pub.pem")
    assert (done.returncode, made(workshop)) == (1, set())
    assert done.stderr.startswith("Error: Expected an Ed25519 private key")


def test_a_file_that_lost_too_much_is_neither_signed_nor_shipped(workshop: Path, run_cli: Run) -> None:
    """A drop is never above 100 points, so --max-drop -101 refuses any file."""
    done = run_cli(*INT8, "--sign", "key.pem", "--c-array", "--max-drop", -101)
    assert done.returncode == 2
    assert made(workshop) == {"tiny.int8.failed.tflite"}
    assert signer(read_model(workshop / "tiny.int8.failed.tflite")) is None
    assert "kept as tiny.int8.failed.tflite, unsigned" in done.stderr


def test_sweep_as_json_with_chart(workshop: Path, run_cli: Run) -> None:
    sweep = ("convert", "tiny.keras", "--data", "fer2013", "--sweep-calibration", "20,10", "--seeds", 2)
    done = run_cli(*sweep, "--chart", "sweep.svg", "--json")
    assert done.returncode == 0, done.stderr
    points = json.loads(done.stdout)
    assert [(point["size"], point["seed"]) for point in points] == [(10, 0), (10, 1), (20, 0), (20, 1)]
    assert {point["fidelity"]["images"] for point in points} == {21}
    assert made(workshop) == {"sweep.svg"}
    assert ElementTree.parse(workshop / "sweep.svg").getroot().tag.endswith("svg")


@pytest.mark.slow
def test_sweep_as_table(workshop: Path, run_cli: Run) -> None:
    done = run_cli("convert", "tiny.keras", "--data", "fer2013", "--sweep-calibration", "10", "--seeds", 1)
    assert done.returncode == 0, done.stderr
    assert "Mean (least to most) over the draws; compared on 21 images" in " ".join(done.stdout.split())
    assert made(workshop) == set()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--sweep-calibration", "ten"), "such as 50,100,200, got 'ten'"),
        (("--sweep-calibration", "10", "--seeds", 0), "--seeds of at least 1"),
        (("--sweep-calibration", "10", "--to", "float16"), "does not calibrate"),
        (("--sweep-calibration", "10", "--chart", "sweep.pdf"), ".svg or .png"),
        (("--debug", "--to", "float16"), "integer recipe"),
    ],
)
def test_sweep_and_debug_refuse_at_once(options: tuple[object, ...], reason: str, workshop: Path, run_cli: Run) -> None:
    done = run_cli("convert", "tiny.keras", *options)
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: ")
    assert reason in line
    assert (done.returncode, made(workshop)) == (1, set())


def test_debug_as_json(workshop: Path, run_cli: Run) -> None:
    done = run_cli("convert", "tiny.keras", "--debug", "--data", "fer2013", "--calibration-size", 14, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    steps = [layer["steps"] for layer in found["layers"]]
    assert steps == sorted(steps, reverse=True)
    assert [remedy["layers"] for remedy in found["remedies"]] == [0, 1, 2, 4]
    assert all(remedy["p50_ms"] > 0 for remedy in found["remedies"])
    assert made(workshop) == set()


@pytest.mark.slow
def test_debug_as_table(workshop: Path, run_cli: Run) -> None:
    done = run_cli("convert", "tiny.keras", "--debug", "--data", "fer2013", "--calibration-size", 14)
    assert done.returncode == 0, done.stderr
    for words in (
        "worst layers left in float32",
        "predict p50, ms",
        "CONV_2D",
        "rounding alone gives 0.29",
        "float_layers",
    ):
        assert words in " ".join(done.stdout.split())
