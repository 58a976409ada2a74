"""`fer-edge experiments` as a user meets it."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import folder_edition, labelled_faces, write_files
from test_train import NETWORK, RECIPE

from fer_edge.cli.app import app
from fer_edge.errors import FerEdgeError

RunCli = Callable[..., subprocess.CompletedProcess[str]]
PLAN = """
recipe = "mine.toml"
[shared]
holdout = 0.4
[choices]
wider = { widths = [16] }
"""


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # trials are processes of their own
    splits = {name: labelled_faces(35, split=name, seed=seed) for seed, name in enumerate(("train", "public"))}
    write_files(tmp_path / "fer2013", folder_edition(splits))
    (tmp_path / "tiny_own_net.py").write_text(NETWORK)
    (tmp_path / "mine.toml").write_text(RECIPE)
    (tmp_path / "plan.toml").write_text(PLAN)
    return tmp_path


@pytest.mark.slow
def test_a_second_call_trains_only_what_is_missing(run_cli: RunCli, small: Path) -> None:
    arguments = ["experiments", "plan.toml", "--data", "fer2013", "--json"]
    first = run_cli(*arguments)
    assert first.returncode == 0, first.stderr
    baseline, wider = json.loads(first.stdout)["choices"]
    assert (baseline["gain"], baseline["images"], wider["parameters"]) == (None, 14, 279)
    assert wider["gain"]["interval"]["low"] < wider["gain"]["value"] < wider["gain"]["interval"]["high"]
    runs = {name: next((small / "runs/plan").glob(f"{name}-*")) for name in ("baseline", "wider")}
    kept = (runs["baseline"] / "model.keras").stat().st_mtime_ns
    for name in ("model.keras", "run.json", "metrics.json", "held_out.npz"):  # as if it had been stopped
        (runs["wider"] / name).unlink()
    second = run_cli(*arguments)
    assert "1 of 2 trials to train" in second.stderr
    assert json.loads(second.stdout)["choices"][1]["gain"] == wider["gain"]
    assert (runs["baseline"] / "model.keras").stat().st_mtime_ns == kept
    assert len((runs["wider"] / "history.csv").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gone.toml"], "gone.toml: no such file"),
        (["plan.toml", "--data", "nowhere"], "nowhere"),
        (["plan.toml", "--data", "fer2013", "--on", "moon"], "--on local, ray"),
        (["plan.toml", "--data", "fer2013", "--out", "mine.toml"], "not a folder"),
        (["plan.toml", "--data", "fer2013", "--votes", "gone.csv"], "gone.csv"),
        (["votes.toml", "--data", "fer2013"], "needs the FER+ votes"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    run_cli: RunCli, small: Path, arguments: list[str], words: str
) -> None:
    (small / "votes.toml").write_text(f'{PLAN}ferplus = {{ labels = "ferplus" }}')
    done = run_cli("experiments", *arguments)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (small / "runs").exists()


def test_without_ray_the_remedy_is_named(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(small)
    usual = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "ray" else usual(name, *rest))
    with pytest.raises(FerEdgeError, match=r"needs Ray: pip install '\.\[cluster\]'"):
        app.main(["experiments", "plan.toml", "--data", "fer2013", "--on", "ray"], standalone_mode=False)
    assert not (small / "runs").exists()


@pytest.mark.slow
def test_ray_trains_what_this_machine_would(run_cli: RunCli, small: Path) -> None:
    pytest.importorskip("ray", reason="Ray comes with the extra [cluster]")
    both = [
        run_cli("experiments", "plan.toml", "--data", "fer2013", "--json", "--out", name, *rest)
        for name, rest in (("here", []), ("there", ["--on", "ray"]))
    ]
    here, there = ([(row["choice"], row["accuracy"]) for row in json.loads(done.stdout)["choices"]] for done in both)
    assert here == there
