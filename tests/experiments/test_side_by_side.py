"""Trainings that fail are told, and none goes on without its caller."""

import sys
import time
from pathlib import Path

import pytest

from fer_edge.experiments.side_by_side import train_side_by_side
from fer_edge.experiments.trial_run import Training, Trial
from fer_edge.train.config import load_recipe
from fer_edge.train.run import RunFolder

TRAINING = Training((), {"WORD": "went wrong"}, "/")


@pytest.fixture
def trials(tmp_path: Path) -> list[Trial]:
    runs = [RunFolder(tmp_path / name) for name in ("first", "second", "third")]
    for run in runs:
        run.path.mkdir()
    return [Trial(run.path.name, load_recipe("edge_cnn_s"), run) for run in runs]


def pretend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> None:
    """Let a script stand in for `python -m fer_edge train --resume FOLDER`."""
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))


def test_a_failure_is_its_sentence_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, trials: list[Trial]
) -> None:
    script = 'case "$5" in *first) echo "Error: it $WORD." >&2; exit 1;; *second) kill -9 $$;; esac'
    pretend(monkeypatch, tmp_path, script)
    failures = {trial.choice: failure for trial, failure in train_side_by_side(trials, TRAINING, 2)}
    assert failures["first"] == "it went wrong."
    assert str(failures["second"]).startswith("signal 9 ended the training")
    assert failures["third"] is None


def test_trainings_end_with_their_caller(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, trials: list[Trial]) -> None:
    pretend(monkeypatch, tmp_path, 'case "$5" in *first) exit 0;; esac; exec sleep 60')
    started = time.monotonic()
    ended = train_side_by_side(trials, TRAINING, 2)
    assert next(ended)[0].choice == "first"
    ended.close()
    assert time.monotonic() - started < 30
