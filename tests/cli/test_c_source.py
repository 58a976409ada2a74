"""`fer-edge c`: what it writes compiles and passes its own test, and what it refuses leaves nothing behind."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_written_c_passes_its_own_test(run_cli: Run, tmp_path: Path) -> None:
    done = run_cli("c", "edge_cnn_s", "-o", "firmware", "--name", "emotion")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Wrote firmware/emotion.c\nWrote firmware/emotion.h\n"
    assert "bytes of working memory" in done.stderr
    again = run_cli("c", "edge_cnn_s", "-o", "firmware", "--name", "emotion")
    assert (again.returncode, "--force" in again.stderr) == (1, True)
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    (tmp_path / "main.c").write_text('#include "emotion.h"\nint main(void) { return -emotion_selftest(); }\n')
    subprocess.run(["gcc", "-Ifirmware", "main.c", "firmware/emotion.c", "-o", "program"], cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "program"], check=False).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("edge_cnn_s:float16",), "cannot become C: it gives float32"),
        (("nosuch",), "is neither"),
        (("damaged.tflite",), "was altered after it was written"),
        (("edge_cnn_s", "--name", "2 fast"), "small letters, digits and _"),
        (("edge_cnn_m", "--board", "microbit2"), "does not fit the BBC micro:bit v2"),
        (("edge_cnn_s", "--board", "abacus"), "Expected a board among rp2040"),
    ],
)
def test_refused(
    arguments: tuple[str, ...], said: str, run_cli: Run, tmp_path: Path, model_files: dict[str, Path]
) -> None:
    content = bytearray(model_files["int8"].read_bytes())
    content[1000] ^= 1
    (tmp_path / "damaged.tflite").write_bytes(content)
    done = run_cli("c", *arguments, "-o", "firmware")
    assert done.returncode == 1
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "firmware").exists()
