"""Gains are paired: the same images, the same seed."""

import json
from pathlib import Path

import numpy as np
import pytest

from fer_edge.errors import DataError
from fer_edge.evaluation.metrics import paired_drop
from fer_edge.experiments.gains import compare_trials, paired_interval
from fer_edge.experiments.held_out import HeldOut, held_out_file, read_held_out
from fer_edge.experiments.trial_run import Trial
from fer_edge.output.experiments_table import print_rows
from fer_edge.train.config import load_recipe
from fer_edge.train.run import RunFolder

LABELS = np.arange(700) % 7
IMAGES = np.arange(700, dtype=np.uint64)


def trial_of(folder: Path, choice: str, seed: int) -> Trial:
    run = RunFolder(folder / f"{choice}{seed}")
    run.path.mkdir()
    run.record.write_text(json.dumps({"parameters": 1_234_567, "seconds": 90.0}))
    return Trial(choice, load_recipe("edge_cnn_s", {"seed": seed}), run)


def answers(wrong: range, images: np.ndarray = IMAGES) -> HeldOut:
    predicted = LABELS.copy()
    predicted[list(wrong)] = (predicted[list(wrong)] + 1) % 7
    return HeldOut(images, LABELS, predicted)


def test_rows_hold_the_gain_of_the_same_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = compare_trials(
        [
            (trial_of(tmp_path, "baseline", 1), answers(range(100))),
            (trial_of(tmp_path, "better", 1), answers(range(30))),
            (trial_of(tmp_path, "baseline", 2), answers(range(200), IMAGES + 10_000)),
            (trial_of(tmp_path, "better", 2), answers(range(100), IMAGES + 10_000)),
            (trial_of(tmp_path, "alone with a very long name, which needs more than one line", 3), answers(range(7))),
        ]
    )
    baseline, better, alone = rows
    assert (baseline.gain, alone.gain, baseline.seeds) == (None, None, [1, 2])
    assert better.gain is not None
    assert better.gain.by_seed == pytest.approx({1: 0.1, 2: 100 / 700})
    assert better.gain.value == pytest.approx(170 / 1400)
    assert better.gain.verdict == "better"
    assert (better.images, better.minutes) == (1400, 1.5)
    assert better.accuracy - baseline.accuracy == pytest.approx(better.gain.value)
    print_rows(rows)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any("+12.14" in line and "1,234,567" in line for line in lines)


def test_interval_is_that_of_pairs_of_images() -> None:
    rng = np.random.default_rng(3)
    before, after = rng.random(2000) < 0.6, rng.random(2000) < 0.63
    _, drop = paired_drop(before, after)
    found = paired_interval(np.arange(2000, dtype=np.uint64), after.astype(int) - before)
    assert (found.low, found.high) == pytest.approx((-drop.high, -drop.low), abs=1e-5)


def test_images_that_come_twice_are_no_new_evidence() -> None:
    changes = np.array([1] * 30 + [-1] * 20 + [0] * 450)
    once = paired_interval(IMAGES[:500], changes)
    twice = paired_interval(np.tile(IMAGES[:500], 2), np.tile(changes, 2))
    independent = paired_interval(np.arange(1000, dtype=np.uint64), np.tile(changes, 2))
    assert twice.high - twice.low == pytest.approx(once.high - once.low, rel=0.02)
    assert independent.high - independent.low < 0.75 * (once.high - once.low)


def test_other_images_are_no_pair(tmp_path: Path) -> None:
    pairs = [
        (trial_of(tmp_path, "baseline", 1), answers(range(9))),
        (trial_of(tmp_path, "other", 1), answers(range(9), IMAGES + 1)),
    ]
    with pytest.raises(DataError, match="trained on other images"):
        compare_trials(pairs)


def test_damaged_answers_are_named(tmp_path: Path) -> None:
    trial = trial_of(tmp_path, "baseline", 1)
    held_out_file(trial).write_bytes(b"PK no more")
    with pytest.raises(DataError, match="is damaged"):
        read_held_out(trial)
