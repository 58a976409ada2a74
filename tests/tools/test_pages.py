"""The pages' figures: what tools/pages/ makes of run folders, without measuring anything."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from tools.pages import paper, update_docs, update_performance
from tools.pages.compare_architectures import Architecture, Tables

RUN = ROOT / "runs/edge_cnn_s"


@pytest.fixture
def public() -> dict[str, Any]:
    """The figures of a run, its accuracy replaced: the bundled one changes."""
    figures: dict[str, Any] = json.loads((RUN / "metrics.json").read_text())["public"]
    return figures | {"accuracy": 0.5, "interval": {"low": 0.48, "high": 0.521}}


@pytest.fixture
def measured(public: dict[str, Any]) -> update_docs.Measured:
    """A bundled network, with the bench report of the documentation."""
    report = json.loads((ROOT / "docs/examples/bench.json").read_text())
    holdout = public | {"images": 1200, "accuracy": 0.4321}
    record = json.loads((RUN / "run.json").read_text())
    steady = {"shifted": 0.9, "scaled": 0.8}
    return update_docs.Measured("edge_cnn_s", report, public, holdout, record, steady)


@pytest.fixture
def paper_root(tmp_path: Path, public: dict[str, Any]) -> Path:
    """A root with a short run of the paper's network: 3 epochs of it, in bfloat16."""
    folder = tmp_path / "runs" / paper.NAME
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps({"public": public}))
    recipe = {"epochs": 3, "batch_size": 32, "precision": "bfloat16", "labels": "fer"}
    record = {"epochs_trained": 3, "seconds": 5400.0, "parameters": 2_199_495, "recipe": recipe}
    (folder / "run.json").write_text(json.dumps(record))
    (folder / "history.csv").write_text("epoch,holdout_accuracy\n1,0.31\n2,0.478\n3,0.464\n")
    return tmp_path


def test_a_run_without_votes_is_told_as_such(measured: update_docs.Measured) -> None:
    measured.public["accuracy_ferplus"] = None
    measured.public["accuracy_unseen"] = None
    row = update_docs.accuracy_table([measured], None).splitlines()[2]
    assert "**50.00** (48.0 to 52.1) | not measured | not measured |" in row


def test_without_a_run_the_papers_network_stands_as_published_only(measured: update_docs.Measured) -> None:
    assert paper.read_run(Path("/nowhere")) is None
    table = update_docs.accuracy_table([measured], None)
    assert f"as published | {paper.ACCURACY} |" in table
    assert "measured here" not in table


def test_a_short_run_of_the_papers_network_says_so(paper_root: Path, measured: update_docs.Measured) -> None:
    run = paper.read_run(paper_root)
    assert run is not None
    assert run.epochs == "3 of the paper's 50 epochs"
    note = run.note()
    assert "in 1.5 hours" in note
    assert 'differs in `epochs = 3` instead of `50`, `precision = "bfloat16"` instead of `"float32"`.' in note
    assert "46.4 % after the last epoch and 47.8 % after the best" in note
    card = update_docs.card_section([measured], run)
    assert f"as published | {paper.ACCURACY} |" in card
    assert "as measured here (3 of the paper's 50 epochs) | **50.00** " in card
    assert note in card


def test_the_readme_shows_held_out_public_and_int8_accuracy(measured: update_docs.Measured) -> None:
    variant = measured.report["models"][0]
    int8 = f"{100 * variant['accuracy']['top1']:.2f}"
    assert variant["recipe"] == "int8"
    section = update_docs.bench_section([measured])
    assert f"| `edge_cnn_s` | 43.21 | **50.00** (48.0 to 52.1) | {int8} |" in section
    assert "1,200 images of the training split" in section
    assert "we looked at it when we chose which runs to bundle" in section


def test_the_card_names_the_command_of_each_figure(measured: update_docs.Measured) -> None:
    card = update_docs.card_section([measured], None)
    assert '<img src="../runs/edge_cnn_s/reliability.png"' in card
    for command in (
        "fer-edge evaluate models/edge_cnn_s.keras --data fer2013.zip --split public --out figures",
        "fer-edge convert models/NAME.keras --to float32 ",
        "fer-edge bench models/NAME.float32.tflite fer_edge/assets/NAME.*.tflite ",
    ):
        assert command in card
    assert card.count("```") % 2 == 0
    assert "| edge_cnn_s int8 | 90.00 | 80.00 |" in card


@pytest.mark.parametrize("trained", [False, True])
def test_architectures_mark_published_and_measured_apart(
    trained: bool, paper_root: Path, public: dict[str, Any], model_files: dict[str, Path]
) -> None:
    files = {recipe: model_files[recipe] for recipe in ("float32", "int8")}
    entries = [
        Architecture("seed_cnn", 2_199_495, files, {}, public if trained else None),
        Architecture("mini_xception", 58_423, files, {}, None),
    ]
    times = {file: [1.0, 2.0] for file in files.values()}
    tables = Tables(entries, times, paper.read_run(paper_root) if trained else None)
    full = tables.full()
    if trained:
        here = "50.00 (48.0 to 52.1) here, 3 of the paper's 50 epochs"
        assert f"| 66.17, validation | {here} |" in full
        assert "instead of `50`" in full
    else:
        assert "| 66.17, validation | not trained |" in full
        assert "instead of" not in full


def test_hostile_input_is_added_up() -> None:
    campaigns = [
        {"name": "arrays", "outcomes": {"refused": 1_500, "same answers": 500}, "failure": ""},
        {"name": "pictures", "outcomes": {"refused": 1, "a picture": 2, "other": 3}, "failure": "hung"},
    ]
    lines = update_performance.fuzz_table(campaigns).splitlines()
    assert lines[-2:] == ["| pictures | 7 | 1 | 2 | 4 |", "| together | 2,007 | 1,501 | 502 | 4 |"]
