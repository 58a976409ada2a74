"""`fer-edge label` as a user meets it."""

import json
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
