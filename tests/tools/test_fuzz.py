"""The fuzzing command counts what came of each case, and tells a crash or a hang with the number of the case."""

from pathlib import Path

import pytest

from tools.fuzz import fuzz
from tools.fuzz.fuzz import Campaign, fuzz_arrays, fuzz_model, fuzz_stored, run_worker


def test_odd_arrays_are_refused_or_answered_like_tidy_ones() -> None:
    campaign = fuzz_arrays(1_500, seed=2)
    assert campaign.kept, campaign
    assert sum(campaign.outcomes.values()) == 1_500
    assert min(campaign.outcomes["refused"], campaign.outcomes["same answers"]) > 300


def test_model_by_its_name() -> None:
    campaign = fuzz_model("edge_cnn_s:int8", 20, seed=2)
    assert (campaign.kept, campaign.outcomes) == (True, {"refused": 20})


@pytest.mark.parametrize(("kind", "count"), [("checkpoint", 500), ("h5", 15), ("keras", 15)])
def test_stored_networks_are_refused_or_read(kind: str, count: int) -> None:
    campaign = fuzz_stored(kind, count, seed=2)
    assert campaign.kept, campaign
    assert sum(campaign.outcomes.values()) == count
    assert min(campaign.outcomes["refused"], campaign.outcomes["same answers"]) > 0


@pytest.mark.parametrize("outcome", ["other answers", "refused in more than a line"])
def test_what_breaks_the_promise(outcome: str) -> None:
    assert not Campaign("models", {"refused": 499, outcome: 1}).kept
    assert Campaign("models", {"refused": 499, "same answers": 1}).kept
    assert not Campaign("models", {}, "ended with code -11 in ['case 3']").kept


def test_crash_and_hang_name_their_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "WORKERS", tmp_path)
    (tmp_path / "crash.py").write_text("import os; print('case 3', flush=True); os.abort()")
    (tmp_path / "hang.py").write_text("import time; print('case 4', flush=True); time.sleep(60)")
    report, failure = run_worker("crash.py")
    assert report == {}
    assert failure.startswith("ended with code -6 in ['case 3']")
    monkeypatch.setattr(fuzz, "TIMEOUT_SECONDS", 2)
    assert run_worker("hang.py") == ({}, "hung after 2 s in ['case 4']")
