"""`fer-edge inspect`, `verify`, `sign` and `c-array` as a user meets them."""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from helpers import folder_edition, labelled_faces, write_files
from test_imports import loaded_by

from fer_edge.modelfile.metadata import read_model
from fer_edge.modelfile.seal import append_metadata
from fer_edge.modelfile.signing import sign_file

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def workshop(tmp_path: Path, model_files: dict[str, Path], foreign_flatbuffers: dict[str, bytes]) -> Path:
    """A folder with sound, altered and foreign models, and a pair of keys."""
    model = model_files["int8"].read_bytes()
    altered = bytearray(model)
    altered[len(read_model(model).flatbuffer) // 2] ^= 4
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    files = {
        "model.tflite": model,
        "altered.tflite": bytes(altered),
        "padded.tflite": model + b"\0",
        "half.tflite": model[: len(model) // 2],
        "foreign.tflite": foreign_flatbuffers["64x64"],
        "half_foreign.tflite": foreign_flatbuffers["64x64"][:900],
        "text.tflite": b"no model",
        "key.pem": private,
        "other.pub.pem": public_pem(Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32)),
        "pub.pem": public_pem(key),
        "existing.c": b"",
        "existing.svg": b"",
    }
    write_files(tmp_path, files)
    signed = sign_file(model, tmp_path / "key.pem")
    swapped = bytearray(signed)
    swapped[len(signed) // 2] ^= 1
    return write_files(tmp_path, {"sealed.tflite": signed, "tampered.tflite": bytes(swapped)})


def public_pem(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


BAD_INPUT = {
    "inspect: missing model": ("inspect nowhere.tflite", "nowhere.tflite"),
    "inspect: no model": ("inspect text.tflite", "text.tflite is not a TFLite model"),
    "inspect: cut in half": ("inspect half.tflite", "half.tflite is truncated or damaged"),
    "inspect: foreign, cut off": ("inspect half_foreign.tflite", "half_foreign.tflite is truncated or damaged"),
    "inspect: chart as text": ("inspect model.tflite --chart cost.txt", ".svg or .png"),
    "inspect: existing chart": ("inspect model.tflite --chart existing.svg", "--force"),
    "verify: missing model": ("verify nowhere.tflite", "nowhere.tflite"),
    "verify: altered": ("verify altered.tflite", "altered.tflite was altered"),
    "verify: a byte more": ("verify padded.tflite", "padded.tflite was altered"),
    "verify: cut in half": ("verify half.tflite", "half.tflite is truncated"),
    "verify: foreign": ("verify foreign.tflite", "not written by fer-edge"),
    "verify: unsigned": ("verify model.tflite --verify-key pub.pem", "model.tflite is not signed"),
    "verify: no key": ("verify model.tflite --verify-key nowhere.pem", "nowhere.pem"),
    "verify: another key": (
        "verify sealed.tflite --verify-key other.pub.pem",
        "sealed.tflite was not signed with other.pub.pem",
    ),
    "verify: signed, then altered": ("verify tampered.tflite --verify-key pub.pem", "tampered.tflite was altered"),
    "sign: over the model": ("sign model.tflite --key key.pem", "--force"),
    "sign: altered": ("sign altered.tflite --key key.pem --out out.tflite", "altered.tflite was altered"),
    "sign: public key": ("sign model.tflite --key pub.pem --force", "Ed25519 private key"),
    "c-array: existing": ("c-array model.tflite --out existing.c", "--force"),
    "c-array: another suffix": ("c-array model.tflite --out model.py", "model.c"),
    "c-array: altered": ("c-array padded.tflite --out model.c", "padded.tflite was altered"),
}


@pytest.mark.parametrize(("command", "reason"), BAD_INPUT.values(), ids=BAD_INPUT)
def test_bad_input_is_one_sentence_and_nothing_is_written(
    command: str, reason: str, workshop: Path, run_cli: Run
) -> None:
    before = {path.name: path.read_bytes() for path in workshop.iterdir()}
    done = run_cli(*command.split())
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: ")
    assert reason in line
    assert (done.returncode, done.stdout) == (1, "")
    assert {path.name: path.read_bytes() for path in workshop.iterdir()} == before


def test_inspect_as_json(workshop: Path, run_cli: Run) -> None:
    content = json.loads(run_cli("inspect", "model.tflite", "--json").stdout)
    assert content["file_bytes"] == (workshop / "model.tflite").stat().st_size
    assert content["checksum"] == {"verdict": "intact", "reason": None}
    assert content["metadata"] == read_model(workshop / "model.tflite").metadata.content
    assert content["inputs"][0]["shape"] == [1, 48, 48, 1]
    assert content["macs"] == sum(operator["macs"] for operator in content["operators"]) > 0
    assert content["activation_peak_bytes"] == max(operator["live_bytes"] for operator in content["operators"])
    if content["delegate"]:
        assert content["delegate"]["operators"] == sum(operator["delegated"] for operator in content["operators"])


def test_inspect_as_table_with_chart(workshop: Path, run_cli: Run) -> None:
    done = run_cli("inspect", "model.tflite", "--chart", "cost.svg")
    assert done.returncode == 0, done.stderr
    for word in ("CONV_2D", "1x24x24x8", "elementwise", "lower bound", "angry", "checksum   matches", "XNNPACK"):
        assert word in done.stdout
    assert "ranges     found on 50 images, synthetic\n" in done.stdout, "no split and no seed are told of these"
    drawn = (workshop / "cost.svg").read_text()
    assert ElementTree.fromstring(drawn).tag.endswith("svg")
    assert "cost per operator" in drawn
    assert run_cli("inspect", "model.tflite", "--chart", "cost.png").returncode == 0
    assert (workshop / "cost.png").read_bytes().startswith(b"\x89PNG")


def test_inspect_a_foreign_file(workshop: Path, run_cli: Run) -> None:
    done = run_cli("inspect", "foreign.tflite")
    assert done.returncode == 0, done.stderr
    assert "carries no metadata" in done.stdout
    assert "FULLY_CONNECTED" in done.stdout
    assert json.loads(run_cli("inspect", "foreign.tflite", "--json").stdout)["metadata"] is None


def test_names_in_a_file_cannot_steer_the_terminal(workshop: Path, run_cli: Run) -> None:
    model = read_model(workshop / "model.tflite")
    content = model.metadata.content | {"labels": ["\x1b[2Jhappy", "[red]sad"]}
    (workshop / "hostile.tflite").write_bytes(append_metadata(model.flatbuffer, content))
    said = run_cli("inspect", "hostile.tflite").stdout
    assert "?[2Jhappy, [red]sad" in said
    assert "\x1b" not in said


def test_inspect_an_altered_file(workshop: Path, run_cli: Run) -> None:
    """It is shown, with the verdict, and no interpreter is asked about it."""
    content = json.loads(run_cli("inspect", "altered.tflite", "--json").stdout)
    assert content["checksum"]["verdict"] == "broken"
    assert "altered" in content["checksum"]["reason"]
    assert content["delegate"] is None
    assert "BROKEN" in run_cli("inspect", "altered.tflite").stdout


def test_sign_and_verify(workshop: Path, run_cli: Run) -> None:
    assert "not signed" in run_cli("verify", "model.tflite").stdout
    assert run_cli("sign", "model.tflite", "--key", "key.pem", "--out", "signed.tflite", "--release", 7).returncode == 0
    done = run_cli("verify", "signed.tflite", "--verify-key", "pub.pem")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("signed.tflite is intact: tiny int8, ")
    assert done.stdout.endswith("signed with pub.pem\n")
    assert "not checked" in run_cli("verify", "signed.tflite").stdout
    assert run_cli("sign", "model.tflite", "--key", "key.pem", "--force", "--release", 7).returncode == 0
    assert (workshop / "model.tflite").read_bytes() == (workshop / "signed.tflite").read_bytes()


@pytest.mark.parametrize(
    "command",
    ["predict portrait.png --model MODEL", "watch clip.avi --model MODEL", "bench MODEL --quick", "evaluate MODEL"],
    ids=lambda command: command.split()[0],
)
def test_commands_can_demand_a_signature(command: str, workshop: Path, run_cli: Run) -> None:
    """Unsigned, signed with another key, and beyond the check with the right one."""
    assert run_cli("sign", "model.tflite", "--key", "key.pem", "--out", "signed.tflite", "--release", 7).returncode == 0
    for model, key, reason in (
        ("model.tflite", "pub.pem", "model.tflite is not signed"),
        ("signed.tflite", "other.pub.pem", "signed.tflite was not signed with other.pub.pem"),
    ):
        done = run_cli(*command.replace("MODEL", model).split(), "--trusted-key", key)
        assert done.returncode == 1
        assert reason in " ".join(done.stderr.split())
    if command.startswith(("predict", "evaluate")):  # they go on, and miss the picture, or FER2013
        done = run_cli(*command.replace("MODEL", "signed.tflite").split(), "--trusted-key", "pub.pem")
        assert "portrait.png" in done.stderr or "FER2013 was not found" in done.stderr


def test_c_array_writes_source_and_header(workshop: Path, run_cli: Run) -> None:
    done = run_cli("c-array", "model.tflite", "--out", "firmware/face.c")
    assert done.returncode == 0, done.stderr
    assert '#include "face.h"' in (workshop / "firmware/face.c").read_text()
    assert "extern const unsigned char g_face[];" in (workshop / "firmware/face.h").read_text()


def test_bundled_model_is_intact(run_cli: Run) -> None:
    assert run_cli("verify", "edge_cnn_s").returncode == 0


@pytest.mark.parametrize("command", ["inspect", "verify"])
def test_neither_needs_tensorflow(command: str, workshop: Path) -> None:
    loaded = loaded_by(
        f"import sys; sys.argv = ['fer-edge', {command!r}, {str(workshop / 'model.tflite')!r}]\n"
        "from fer_edge.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code"
    )
    assert "fer_edge" in loaded
    assert not {"tensorflow", "keras", "matplotlib", "skimage", "cryptography"} & loaded


def test_same_input_seed_and_versions_give_identical_files(tmp_path: Path, model_files: dict[str, Path]) -> None:
    """In two processes whose sets and dictionaries hash differently."""
    splits = {name: labelled_faces(21, split=name, seed=seed) for seed, name in enumerate(("train", "public"))}
    data = write_files(tmp_path / "fer2013", folder_edition(splits))
    for hashing in ("1", "2"):
        command = [sys.executable, "-m", "fer_edge", "convert", model_files["keras"], "--out", tmp_path / hashing]
        options = ["--to", "float16", "--to", "int8", "--data", data, "--calibration-size", "14", "--seed", "3"]
        environment = os.environ | {"PYTHONHASHSEED": hashing}
        done = subprocess.run(
            [*command, *options, "--max-drop", "100"], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in (tmp_path / "1").iterdir())
    assert names == ["tiny.float16.tflite", "tiny.int8.tflite"]
    for name in names:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()
