"""What runs on a device runs without modules that only POSIX has. They are blocked here, as Windows lacks them."""

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from streams import portrait_frames, write_video

POSIX_ONLY = ("resource", "fcntl", "pwd", "grp", "termios", "tty", "pty", "crypt", "syslog", "readline", "curses")


def run_without_posix(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({POSIX_ONLY}))\n"
        f"sys.argv = ['fer-edge', *{[str(argument) for argument in arguments]}]\n"
        "from fer_edge.cli import main; main()"
    )
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["demo"],
        ["models"],
        ["predict", ROOT / "fer_edge/assets/astronaut.jpg", "--out", "seen.jpg", "--csv", "faces.csv"],
        ["inspect", "edge_cnn_s"],
        ["verify", "edge_cnn_s"],
        ["bench", ROOT / "tests/fixtures/tiny.int8.tflite", "--quick", "--json", "report.json"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_command(arguments: list[object], tmp_path: Path, no_data: Path) -> None:
    done = run_without_posix(tmp_path, *arguments)
    assert done.returncode == 0, done.stderr


def test_watch(tmp_path: Path, portrait) -> None:
    film = write_video(tmp_path / "film.avi", portrait_frames(portrait, 10))
    done = run_without_posix(tmp_path, "watch", film, "--out", "seen.mp4")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "seen.mp4").stat().st_size > 0
