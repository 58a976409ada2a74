"""The whole way as a user goes it, in processes of their own: train, convert, bench, demo."""

import csv
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.data.fer2013 import find_data
from fer_edge.types import LABELS

ROOT = Path(__file__).parent.parent
TINY = ["--set", "widths=[8,8,8]", "--set", "blocks=[1,1,1]", "--set", "jit_compile=false", "--set", "holdout=0.2"]


def fer_edge(*arguments: object, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command line without any FER2013 of the user's in sight."""
    environment = {name: value for name, value in os.environ.items() if name != "FER_EDGE_DATA"}
    environment |= {"XDG_CACHE_HOME": str(cwd / "cache"), **variables}
    command = [sys.executable, "-m", "fer_edge", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def fer2013(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A .zip in the form of the Kaggle edition: 20 training and 4 PublicTest images a class, each
    class with a brightness of its own, so that there is something to learn."""
    path = tmp_path_factory.mktemp("data") / "fer2013.zip"
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for label, name in enumerate(LABELS):
            for split, prefix, count in (("train", "Training", 20), ("test", "PublicTest", 4)):
                for number in range(count):
                    noise = rng.integers(0, 16, (48, 48))
                    pixels = (noise + 36 * label).clip(0, 255).astype(np.uint8)
                    png = cv2.imencode(".png", pixels)[1].tobytes()
                    archive.writestr(f"{split}/{name}/{prefix}_{label}{number:03}.png", png)
    return path


@pytest.fixture(scope="module")
def run(fer2013: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of two epochs."""
    folder = tmp_path_factory.mktemp("train")
    done = fer_edge(
        "train", "edge_cnn_s", "--data", fer2013, "--out", "run", "--epochs", 2, "--batch-size", 16, *TINY, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return folder / "run"


def test_run_folder_holds_what_a_report_needs(run: Path) -> None:
    expected = {"recipe.toml", "checkpoint.npz", "model.keras", "history.csv", "metrics.json", "run.json"}
    plots = {"curves.png", "confusion.png", "reliability.png"}
    assert {path.name for path in run.iterdir()} == expected | plots
    with (run / "history.csv").open() as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2"]
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["public"]["images"] == 28
    assert set(metrics["public"]["per_class"]) == set(LABELS)
    record = json.loads((run / "run.json").read_text())
    assert record["recipe"]["epochs"] == 2
    assert {"seed", "data_sha256", "versions"} <= record.keys()
    for name in plots:
        assert cv2.imread(str(run / name)) is not None


def test_run_is_never_overwritten(run: Path, fer2013: Path) -> None:
    done = fer_edge("train", "edge_cnn_s", "--data", fer2013, "--out", run, *TINY, cwd=run.parent)
    assert done.returncode == 1
    assert "--resume" in done.stderr


def test_resuming_a_finished_run_reports_again(run: Path, fer2013: Path) -> None:
    before = json.loads((run / "metrics.json").read_text())
    done = fer_edge("train", "--resume", run, "--data", fer2013, cwd=run.parent)
    assert done.returncode == 0, done.stderr
    assert json.loads((run / "metrics.json").read_text()) == before


def test_convert_then_bench(run: Path, fer2013: Path, tmp_path: Path) -> None:
    done = fer_edge(
        "convert", run / "model.keras", "--to", "float32", "--to", "int8", "--data", fer2013,
        "--calibration-size", 70, "--out", tmp_path, "--json", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout)
    assert [outcome["fidelity"]["images"] for outcome in outcomes] == [28, 28]
    assert outcomes[0]["fidelity"]["agreement"] == 1.0
    files = [outcome["file"] for outcome in outcomes]
    assert [Path(file).name for file in files] == ["model.float32.tflite", "model.int8.tflite"]

    done = fer_edge("bench", *files, "--data", fer2013, "--quick", "--json", "report.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    baseline, int8 = json.loads((tmp_path / "report.json").read_text())["models"]
    assert (baseline["recipe"], int8["recipe"]) == ("float32", "int8")
    assert int8["accuracy"]["drop"]["interval"]["low"] <= int8["accuracy"]["drop"]["value"]
    assert int8["calibration"].startswith("70 faces of fer2013")
    assert {entry["task"] for entry in int8["latency"]} == {"invoke", "predict", "region", "analyze"}
    assert "accuracy, %" in done.stdout


def test_conversion_that_costs_too_much_fails(run: Path, fer2013: Path, tmp_path: Path) -> None:
    """No drop is as low as -100 points, so any file fails; the reason and the kept file are told."""
    done = fer_edge(
        "convert", run / "model.keras", "--to", "float16", "--data", fer2013, "--max-drop", "-100", "--out", tmp_path,
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 2
    assert [path.name for path in tmp_path.glob("*.tflite")] == ["model.float16.failed.tflite"]
    assert "--max-drop" in done.stderr


def test_demo_without_fer2013_never_invents_an_accuracy(run: Path, tmp_path: Path) -> None:
    done = fer_edge("demo", run / "model.keras", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "FER2013 was not found" in done.stderr
    assert "public faces of scikit-image" in done.stdout
    report = json.loads((tmp_path / "fer-edge-demo/report.json").read_text())
    assert [model["accuracy"] for model in report["models"]] == [None] * 4
    assert [model["agreement"] is None for model in report["models"]] == [True, False, False, False]
    assert "public faces of scikit-image" in report["images"]["description"]
    page = (tmp_path / "fer-edge-demo/report.html").read_text()
    assert page.index("Deploy ") < page.index("<h2>")


@pytest.mark.skipif(find_data(None) is None, reason="FER2013 is not on this machine")
def test_bundled_model_keeps_its_promise(tmp_path: Path) -> None:
    """The accuracy in README.md is that of the file in the wheel, give or take what other kernels
    round otherwise: between instruction sets 2 % of the int8 answers differ, most of them near ties."""
    model = ROOT / "fer_edge/assets/edge_cnn_s.int8.tflite"
    done = fer_edge("bench", model, "--data", find_data(None), "--quick", "--json", "report.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    accuracy = json.loads((tmp_path / "report.json").read_text())["models"][0]["accuracy"]["top1"]
    promised = re.search(
        r"^\| `edge_cnn_s` \|[^|]+\|[^|]+\| ([\d.]+) \|", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    assert promised
    assert abs(100 * accuracy - float(promised[1])) < 0.5


@pytest.mark.slow
def test_wheel_is_small_and_holds_models_but_no_keras(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.stat().st_size < 4_000_000
    names = zipfile.ZipFile(wheel).namelist()
    assert "fer_edge/assets/edge_cnn_s.int8.tflite" in names
    assert "fer_edge/train/recipes/edge_cnn_s.toml" in names
    pictures = [name for name in names if name.endswith((".keras", ".png", ".jpg")) or name.startswith("tests/")]
    assert pictures == ["fer_edge/assets/astronaut.jpg"], "the portrait of NASA that demo reads, and no other"
