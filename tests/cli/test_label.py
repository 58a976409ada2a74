"""`fer-edge label` as a user meets it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="pyarrow comes with the extra [label]")


def test_a_folder_becomes_a_table(run_cli, portrait_file: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    done = run_cli("label", portrait_file, "bad.jpg", "--out", "labels", "--workers", "1", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert {name: summary[name] for name in ("items", "labelled", "failed", "faces")} == {
        "items": 2,
        "labelled": 2,
        "failed": 1,
        "faces": 1,
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.jpg", "--out", "labels"], "missing.jpg: no such file"),
        (["portrait.png", "--out", "labels", "--on", "moon"], "--on"),
        (["portrait.png", "--out", "labels", "--model", "no.tflite"], "no.tflite"),
        (["s4://bucket", "--out", "labels"], "s4"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    run_cli, portrait_file: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    done = run_cli("label", *arguments)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "labels").exists()


def test_a_full_disk_is_a_sentence_and_the_rest_comes_later(run_cli, portrait_file: Path, tmp_path: Path) -> None:
    line = [sys.executable, "-m", "fer_edge", "label", portrait_file, "--out", "labels", "--workers", "1"]
    limited = f"import os, resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)); os.execv({line[0]!r}, "
    limited += f"{[*map(str, line)]})"
    done = subprocess.run([sys.executable, "-c", limited], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("Error: ")) == (1, 1), done.stderr
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "labels").rglob("*.parquet")) == []
    done = run_cli("label", portrait_file, "--out", "labels", "--workers", "1", "--json")
    assert (done.returncode, json.loads(done.stdout)["faces"]) == (0, 1), done.stderr
