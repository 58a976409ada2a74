"""Conversions that are stopped, or that meet each other, leave only whole files."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import signals_heard

from fer_edge import files
from fer_edge.errors import OutputError
from fer_edge.files import require_space, write_bytes


def start(model: Path, folder: Path, *options: str) -> subprocess.Popen[str]:
    """Start a conversion that uses `folder` for everything."""
    (folder / "tmp").mkdir(exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FER_EDGE")}
    environment |= {"XDG_CACHE_HOME": str(folder / "cache"), "TMPDIR": str(folder / "tmp")}
    command = [sys.executable, "-m", "fer_edge", "convert", str(model), "--data", "lfw_subset", *options]
    with signals_heard():
        return subprocess.Popen(
            [*command, "--out", str(folder / "out")],
            env=environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_conversion_leaves_nothing(
    stop: signal.Signals, model_files: dict[str, Path], tmp_path: Path
) -> None:
    process = start(model_files["keras"], tmp_path, "--to", "float16", "--to", "int8")
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("float16: convert"):
            process.send_signal(stop)
            break
    _, said = process.communicate(timeout=200)
    assert process.returncode == 128 + stop
    assert ("Interrupted." in said) == (stop == signal.SIGINT)
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_of_two_at_once_one_writes_and_the_other_says_so(model_files: dict[str, Path], tmp_path: Path) -> None:
    processes = [start(model_files["keras"], tmp_path, "--to", "float32") for _ in range(2)]
    said = [process.communicate(timeout=300)[1] for process in processes]
    assert sorted(process.returncode for process in processes) == [0, 1], said
    loser = next(text for process, text in zip(processes, said, strict=True) if process.returncode == 1)
    assert "already exists" in loser
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["tiny.float32.tflite"]


def test_without_force_nothing_is_replaced_even_at_the_last_moment(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(b"another run's")
    with pytest.raises(OutputError, match="--force"):
        write_bytes(path, b"ours", force=False)
    assert path.read_bytes() == b"another run's"
    write_bytes(tmp_path / "new.tflite", b"ours", force=False)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model.tflite", "new.tflite"]


def test_a_full_disk_is_told_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = files.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(files.shutil, "disk_usage", lambda path: usage._replace(free=1_000_000))
    require_space(tmp_path / "new" / "folder", 900_000)
    with pytest.raises(OutputError, match=r"1\.0 MB left .* needs 2\.0 MB"):
        require_space(tmp_path / "new" / "folder", 2_000_000)
