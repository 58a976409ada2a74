"""What the operating system refuses becomes one sentence, whichever command meets it."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fer_edge import cli
from fer_edge.errors import ModelError
from fer_edge.runtime.bundled import find_model


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("command", ["--help", "models", "verify edge_cnn_s", "train", "inspect edge_cnn_s --json"])
def test_a_full_disk_behind_stdout(command: str) -> None:
    with open("/dev/full", "w") as full:
        line = [sys.executable, "-m", "fer_edge", *command.split()]
        done = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "Error: The output: no space left on device. Free some space, or send the output elsewhere."
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def refuse(path: object) -> None:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def test_a_closed_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """As root no folder is closed, so the system's refusal is played."""
    monkeypatch.setattr("fer_edge.files.os.scandir", refuse)
    monkeypatch.setattr(sys, "argv", ["fer-edge", "data", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.strip().replace("\n", " ") == (
        f"Error: {tmp_path}: permission denied. Ask its owner for access, or run the command as a user who has it."
    )


def test_a_model_in_a_closed_folder_is_not_called_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fer_edge.runtime.bundled.os.stat", refuse)
    with pytest.raises(ModelError, match="permission denied"):
        find_model("closed/model.tflite")
