"""`fer-edge evaluate` on small copies of FER2013."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers import smooth_faces, write_csv

from fer_edge.benchmarks.accuracy import predict_probabilities
from fer_edge.output.charts import plot_mistakes
from fer_edge.types import LABELS, LabelledImages

PLOTS = ["confusion.png", "mistakes.png", "reliability.png"]


def split_of(name: str, count: int, seed: int) -> LabelledImages:
    labels = np.random.default_rng(seed).integers(0, 7, count)
    return LabelledImages(smooth_faces(count, seed), labels, name, tuple(f"{name}{i}.png" for i in range(count)))


@pytest.fixture(scope="module")
def splits() -> dict[str, LabelledImages]:
    """A training split of 10, of which 4 stand in PublicTest too, and a PrivateTest of its own."""
    public = split_of("public", 24, seed=2)
    train = split_of("train", 10, seed=3)
    train.images[:4], train.labels[:4] = public.images[:4], public.labels[:4]
    return {"train": train, "public": public, "private": split_of("private", 15, seed=4)}


@pytest.fixture(scope="module")
def data(splits, tmp_path_factory) -> Path:
    return write_csv(tmp_path_factory.mktemp("data") / "fer2013.csv", splits)


def run_without(blocked: tuple[str, ...], *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command line as on an install without these packages."""
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({blocked}))\n"
        f"sys.argv = ['fer-edge', *{[str(a) for a in arguments]}]\n"
        "from fer_edge.cli import main; main()"
    )
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


BASE = ("tensorflow", "keras", "matplotlib", "sklearn", "skimage", "tomli_w")


@pytest.mark.parametrize("split", ["public", "private"])
def test_json_of_a_base_install_is_what_the_answers_give(split, splits, data, model_files) -> None:
    done = run_without(BASE, "evaluate", model_files["int8"], "--data", data, "--split", split, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    images = splits[split]
    correct = predict_probabilities(model_files["int8"], images.images).argmax(axis=1) == images.labels
    assert (found["split"], found["images"]) == (split, len(images))
    assert found["accuracy"] == pytest.approx(correct.mean())
    assert found["interval"]["low"] < found["accuracy"] < found["interval"]["high"]
    assert found["images_unseen"] == (20 if split == "public" else 15)
    assert found["accuracy_unseen"] == pytest.approx(correct[4:].mean() if split == "public" else correct.mean())
    assert found["macro_f1"] == pytest.approx(np.mean([score["f1"] for score in found["per_class"].values()]))
    assert list(found["per_class"]) == list(LABELS)
    assert np.trace(found["confusion"]) == correct.sum()
    assert 0 <= found["reliability"]["error"] <= 1


def test_consistency_is_told_and_part_of_the_json(data, model_files, run_cli) -> None:
    done = run_cli("evaluate", model_files["int8"], "--data", data, "--consistency")
    assert "same answer when the face moves by 2 pixels: " in " ".join(done.stdout.split())
    found = json.loads(run_cli("evaluate", model_files["int8"], "--data", data, "--consistency", "--json").stdout)
    assert 0 <= found["consistency"]["scaled"] <= 1
    assert 0 <= found["consistency"]["shifted"] <= 1


def test_keras_file_gets_the_accuracy_of_its_float32_file(data, model_files, run_cli) -> None:
    keras, tflite = (
        json.loads(run_cli("evaluate", model_files[name], "--data", data, "--json").stdout)
        for name in ("keras", "float32")
    )
    assert keras["model"] == "tiny.keras"
    assert keras["confusion"] == tflite["confusion"]


def test_keras_file_without_tensorflow_is_refused_in_a_sentence(data, model_files) -> None:
    done = run_without(BASE, "evaluate", model_files["keras"], "--data", data)
    assert done.returncode == 1
    assert "pip install '.[train]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("budget", [(), ("--time-budget", "1h")])
def test_training_without_tensorflow_is_refused_in_a_sentence(budget: tuple[str, ...], data, tmp_path) -> None:
    done = run_without(BASE, "train", "edge_cnn_s", "--data", data, "--out", tmp_path / "run", *budget)
    assert done.returncode == 1
    assert "pip install '.[train]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_plots_are_written_and_never_overwritten(data, model_files, run_cli, tmp_path) -> None:
    command = ("evaluate", model_files["int8"], "--data", data, "--out", "report")
    done = run_cli(*command)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == PLOTS
    assert all(cv2.imread(str(tmp_path / "report" / name)) is not None for name in PLOTS)
    assert "macro-F1" in done.stdout
    assert "precision" in done.stdout
    refused = run_cli(*command)
    assert refused.returncode == 1
    assert "--force" in refused.stderr
    assert run_cli(*command, "--force").returncode == 0


def test_plots_without_matplotlib_are_refused_before_the_work(data, model_files, tmp_path) -> None:
    out = tmp_path / "report"
    done = run_without(BASE, "evaluate", model_files["int8"], "--data", data, "--out", out)
    assert done.returncode == 1
    assert "pip install '.[plot]'" in done.stderr
    assert "reading" not in done.stderr
    assert not out.exists()


def test_split_that_is_not_there_is_named(data, model_files, run_cli) -> None:
    done = run_cli("evaluate", model_files["int8"], "--data", data, "--split", "test")
    assert done.returncode == 1
    assert "train, public, private" in done.stderr


def test_mistakes_are_drawn_the_most_confident_first(splits, tmp_path, monkeypatch) -> None:
    images = splits["private"]
    right = np.eye(7, dtype=np.float32)[images.labels]
    answers = 0.9 * right
    answers[[3, 5], (images.labels[[3, 5]] + 1) % 7] = (0.92, 0.97)
    drawn: list[str] = []
    monkeypatch.setattr("matplotlib.axes.Axes.set_title", lambda _, title, **__: drawn.append(title))
    plot_mistakes(tmp_path / "mistakes.png", images, answers)
    assert [title.partition("\n")[0].rpartition(" ")[2] for title in drawn] == ["97%", "92%"]
    plot_mistakes(tmp_path / "none.png", images, right)  # a perfect model has an empty sheet
    assert (tmp_path / "none.png").is_file()
