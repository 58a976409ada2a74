"""What the operating system refuses ends every command in one sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import ROOT

PROGRAM = "import sys; from fer_edge.cli import main; sys.argv[0] = 'fer-edge'; main()"
CLOSED_TO_ROOT = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
"""Takes from root the right to pass closed folders; nobody else has it."""


def run(*arguments: object, prefix: Sequence[str] = (), **options: object) -> subprocess.CompletedProcess[str]:
    command = [*prefix, sys.executable, "-c", PROGRAM, *map(str, arguments)]
    options = {"stdout": subprocess.PIPE, "cwd": ROOT} | options
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False, **options)


def require_sentence(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 1, (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr
    assert done.stderr.count("Error:") == 1, done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["models"], ["inspect", "edge_cnn_s", "--json"]])
def test_full_stdout(arguments: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = run(*arguments, stdout=full)
    require_sentence(done)
    assert "The output: no space left on device. Free some space" in done.stderr


CLOSED = [
    ["predict", "{closed}/x.jpg"],
    ["predict", "{closed}"],
    ["predict", "{open}", "--model", "{closed}/x.tflite"],
    ["inspect", "{closed}/x.tflite"],
    ["inspect", "{closed}/x.keras"],
    ["watch", "{closed}/x.avi", "--csv", "faces.csv"],
    ["label", "{closed}", "--out", "labels"],
    ["label", "{closed}/x.jpg", "--out", "labels"],
    ["data", "{closed}/fer2013.csv"],
    ["data", "{closed}"],
    ["bench", "{closed}"],
    ["report", "{closed}/x.json"],
    ["convert", "{closed}/x.keras"],
]


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX's permissions")
@pytest.mark.parametrize("arguments", CLOSED, ids=" ".join)
def test_closed_folder(arguments: list[str], tmp_path: Path) -> None:
    prefix = CLOSED_TO_ROOT if os.geteuid() == 0 else []
    if prefix and (shutil.which("setpriv") is None or subprocess.run([*prefix, "true"], check=False).returncode):
        pytest.skip("root passes every folder here, and setpriv cannot take that right away")
    picture = ROOT / "fer_edge/assets/astronaut.jpg"
    closed = tmp_path / "closed"
    closed.mkdir()
    for name in ("x.jpg", "x.tflite", "x.avi", "x.json", "x.keras", "fer2013.csv"):
        (closed / name).write_bytes(b"")
    closed.chmod(0)
    try:
        done = run(*(part.format(closed="closed", open=picture) for part in arguments), prefix=prefix, cwd=tmp_path)
    finally:
        closed.chmod(0o700)
    require_sentence(done)
    assert "permission denied" in done.stderr.lower()


def test_refusal_without_a_name(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from fer_edge import cli
    from fer_edge.cli.app import app

    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied", b"caf\xe9.jpg")

    monkeypatch.setattr(app, "main", refuse)
    monkeypatch.setattr(cli, "unwind_when_asked", lambda: None)
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 1
    assert "permission denied. Ask its owner" in capsys.readouterr().err


def test_ascii_terminal(tmp_path: Path) -> None:
    done = run("inspect", tmp_path / "Größe.tflite", env=os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1"})
    require_sentence(done)
    assert "Gr\\xf6\\xdfe.tflite" in done.stderr
