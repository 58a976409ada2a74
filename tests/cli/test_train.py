"""`fer-edge train`: the user's own network, what is said beforehand, and what Ctrl-C costs."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from helpers import folder_edition, labelled_faces, write_files

from fer_edge.cli.train import _plan, command
from fer_edge.output.console import TrainingProgress
from fer_edge.train import budget, trainer
from fer_edge.train.config import TrainConfig, load_recipe
from fer_edge.train.run import EpochRow, RunFolder

RunCli = Callable[..., subprocess.CompletedProcess[str]]

NETWORK = """
import keras
from keras import layers


def build(widths):
    pixels = keras.Input((None, None, 1))
    x = layers.Conv2D(widths[0], 3, 4, activation="relu")(layers.Rescaling(1 / 255)(pixels))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(pixels, layers.Dense(7, activation="softmax")(x))
"""
RECIPE = """
base = "edge_cnn_s"
model = "tiny_own_net:build"
widths = [8]
image_sizes = [[0.0, 24]]
epochs = 1
batch_size = 7
jit_compile = false
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    splits = {name: labelled_faces(21, split=name, seed=seed) for seed, name in enumerate(("train", "public"))}
    write_files(tmp_path / "fer2013", folder_edition(splits))
    (tmp_path / "tiny_own_net.py").write_text(NETWORK)
    (tmp_path / "mine.toml").write_text(RECIPE)
    return tmp_path


def test_own_network_by_own_recipe(run_cli: RunCli, small: Path) -> None:
    done = run_cli("train", "mine.toml", "--data", "fer2013", "--set", "holdout=0.4")
    assert done.returncode == 0, done.stderr
    assert "ends on faces of 24 pixels" in done.stderr
    record = json.loads((small / "runs/mine/run.json").read_text())
    assert (record["recipe"]["model"], record["parameters"]) == ("tiny_own_net:build", 10 * 8 + 9 * 7)
    assert record["temperature"] is not None
    assert (small / "runs/mine/model.keras").is_file()


def test_missing_teacher_is_told_before_keras_is_loaded(run_cli: RunCli, small: Path) -> None:
    taught = ["--set", "teacher=runs/gone", "--set", "teacher_weight=0.5"]
    done = run_cli("train", "mine.toml", "--data", "fer2013", *taught)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: Recipe field 'teacher' names runs/gone, which is not there")
    assert not (small / "runs").exists()


def test_impossible_budget_is_told_before_the_data_is_read(run_cli: RunCli) -> None:
    done = run_cli("train", "edge_cnn_s", "--data", "nowhere", "--time-budget", "soon")
    assert (done.returncode, "such as 90s" in done.stderr) == (1, True)


def test_plan_says_what_fits_and_the_smallest_budget(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = load_recipe("edge_cnn_s")
    monkeypatch.setattr(budget, "_epoch_seconds", lambda config, images: 90.0)
    images, run = labelled_faces(7), RunFolder(Path("none"))
    assert _plan(config, images, run, 5400.0, resumed=False).epochs == 57
    assert capsys.readouterr().err.splitlines() == [
        "timing a few steps",
        "57 epochs of about 90 s are planned to fit in 1h30m; the recipe's own 100 would take 2h30m. "
        "The smallest budget is 2m.",
    ]


def test_interruption_says_what_it_costs_and_how_to_go_on(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(
        config: TrainConfig, images: object, run: RunFolder, progress: TrainingProgress, votes: object
    ) -> None:
        run.write_recipe(config)
        progress.on_epoch(EpochRow(1, 48, 0.1, 1.0, 0.5, None, None, 1.0))
        progress.on_step(2, 3, 12, 1.0, 0.5)
        raise KeyboardInterrupt

    monkeypatch.chdir(small)
    monkeypatch.setattr(trainer, "train", interrupted)
    arguments = ["mine.toml", "--data", "fer2013", "--out", "my runs/first", "--epochs", "9"]
    with pytest.raises(click.Abort):
        command.main(arguments, standalone_mode=False)
    said = capsys.readouterr().err
    assert "Kept: 1 of 9 epochs. Lost: 25% of the next." in said
    assert "Continue with: fer-edge train --resume 'my runs/first' --data fer2013\n" in said


def test_interruption_before_the_first_step_costs_nothing() -> None:
    assert TrainingProgress(9).lost() == "Nothing is lost."


def test_list_of_recipes(run_cli: RunCli) -> None:
    lines = run_cli("train").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines][:2] == ["edge_cnn_m", "edge_cnn_s"]
    assert not any("..." in line for line in lines)
