"""`fer-edge predict` in the shells and terminals that people have."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from fer_edge.output.face_table import shorten

PORTRAIT = ROOT / "fer_edge/assets/astronaut.jpg"


def shell(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    line = command.replace("fer-edge", f"{sys.executable} -m fer_edge")
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(line, shell=True, cwd=folder, env=variables, capture_output=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "face.jpg").write_bytes(PORTRAIT.read_bytes())
    return tmp_path


def test_rows_fit_the_terminal(folder: Path) -> None:
    name = f"{'long' * 20}.jpg"
    (folder / name).write_bytes(PORTRAIT.read_bytes())
    done = shell("fer-edge predict *.jpg", folder, COLUMNS="80")
    assert done.returncode == 0, done.stderr
    header, first, second = done.stdout.decode().splitlines()
    assert header.split() == ["image", "emotion", "score", "x,", "y,", "size"]
    assert max(map(len, (header, first, second))) <= 80
    assert "happy" in first
    assert "..." in second
    assert second.startswith("long")


def test_csv_json_and_what_was_written_are_told(folder: Path) -> None:
    done = shell("fer-edge predict face.jpg --csv faces.csv --json --out seen.png", folder)
    assert done.returncode == 0, done.stderr
    ((row,), (answer,)) = list(csv.DictReader((folder / "faces.csv").open())), json.loads(done.stdout)
    face = answer["faces"][0]
    assert (row["image"], row["emotion"], float(row["score"])) == ("face.jpg", "happy", face["score"])
    assert {name: int(row[name]) for name in ("x", "y", "width", "height")} == face["box"]
    assert float(row["sad"]) == face["probabilities"]["sad"]
    assert done.stderr.decode().splitlines() == ["Wrote faces.csv", "Wrote seen.png"]
    again = shell("fer-edge predict face.jpg --csv faces.csv", folder)
    assert (again.returncode, b"--force" in again.stderr) == (1, True)


def test_stdin(folder: Path) -> None:
    done = shell("fer-edge predict - --json < face.jpg", folder)
    assert (json.loads(done.stdout)[0]["image"], done.returncode) == ("stdin", 0)
    empty = shell("fer-edge predict - < /dev/null", folder)
    assert empty.returncode == 1
    assert empty.stderr.startswith(b"Error: stdin: ")


@pytest.mark.parametrize(
    "variables",
    [
        {"COLUMNS": "40"},
        {"LANG": "C", "LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"TERM": "dumb"},
        {"HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent"},
    ],
    ids=["40 columns", "LANG=C", "ASCII", "dumb terminal", "no home"],
)
def test_odd_surroundings(variables: dict[str, str], folder: Path) -> None:
    (folder / "gesicht-\u00fc.jpg").write_bytes(PORTRAIT.read_bytes())
    done = shell("fer-edge predict *.jpg", folder, **variables)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"happy") == 2


@pytest.mark.skipif(sys.platform != "linux", reason="other systems allow no such names")
def test_name_that_is_no_text(folder: Path) -> None:
    os.rename(folder / "face.jpg", os.fsencode(folder) + b"/a\xff\x1b[31m.jpg")
    done = shell("fer-edge predict *.jpg", folder, LC_ALL="C.UTF-8")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\x1b" not in done.stdout
    assert b"happy" in done.stdout


def test_reader_that_leaves_early(folder: Path) -> None:
    done = shell("fer-edge predict face.jpg face.jpg face.jpg --json | head -1", folder)
    assert (done.stdout, done.stderr) == (b"[\n", b"")


@pytest.mark.parametrize(("text", "width", "short"), [("abc", 3, "abc"), ("folder/picture.jpg", 12, "fol...re.jpg")])
def test_long_names_lose_their_middle(text: str, width: int, short: str) -> None:
    assert shorten(text, width) == short
