"""Time budgets as users write them, and the epochs that fit into one."""

import pytest
from helpers import labelled_faces

from fer_edge.errors import RecipeError
from fer_edge.train import budget
from fer_edge.train.budget import fit_epochs
from fer_edge.train.config import load_recipe
from fer_edge.train.duration import parse_duration, show_duration


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("150m", 9000), ("10h", 36000), ("1h30m", 5400)])
def test_durations(text, seconds) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "1h 30m", "-5m", "0s", "5d"])
def test_durations_that_are_none(text) -> None:
    with pytest.raises(RecipeError, match="150m"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1s"), (44.1, "45s"), (91, "2m"), (3600, "1h"), (12_000, "3h20m"), (7199, "2h")]
)
def test_durations_are_shown_as_they_are_read(seconds, text) -> None:
    assert show_duration(seconds) == text
    assert parse_duration(text) >= seconds


class Timed:
    """A session whose steps take half a second each."""

    def __init__(self, now: list[float]) -> None:
        self._now = now
        self.steps = 0

    def train_batch(self, *arguments: object, **options: object) -> None:
        self._now[0] += 0.5
        self.steps += 1


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Timed:
    now = [100.0]
    timed = Timed(now)
    monkeypatch.setattr(budget, "Session", lambda config: timed)
    monkeypatch.setattr(budget.time, "monotonic", lambda: now[0])
    return timed


def test_budget_plans_whole_epochs(session: Timed) -> None:
    config = load_recipe("edge_cnn_s", {"batch_size": 14, "holdout": 0.2})
    plan = fit_epochs(config, labelled_faces(140, split="train"), 100.0)
    assert plan.epoch_seconds == pytest.approx(8 * 0.5)
    assert plan.epochs == plan.config.epochs == 23  # 95 of the 100 seconds
    assert plan.smallest == "5s"


def test_budget_below_one_epoch_names_the_smallest(session: Timed) -> None:
    config = load_recipe("edge_cnn_s", {"batch_size": 14, "holdout": 0.2})
    with pytest.raises(RecipeError, match=r"one epoch takes about 4 s here. The smallest is --time-budget 5s\."):
        fit_epochs(config, labelled_faces(140, split="train"), 3.0)


def test_slow_steps_are_timed_for_seconds_only(session: Timed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "TIMED_STEPS", 10**9)
    fit_epochs(load_recipe("edge_cnn_s", {"batch_size": 14}), labelled_faces(140, split="train"), 100.0)
    assert session.steps * 0.5 < 8
