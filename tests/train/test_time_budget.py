"""Time budgets as users write them, and the epochs that fit into one."""

import pytest
from helpers import labelled_faces

from fer_edge.errors import RecipeError
from fer_edge.train.budget import fit_epochs, parse_duration
from fer_edge.train.config import load_recipe


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("150m", 9000), ("10h", 36000), ("1h30m", 5400)])
def test_durations(text, seconds) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "1h 30m", "-5m", "0s", "5d"])
def test_durations_that_are_none(text) -> None:
    with pytest.raises(RecipeError, match="150m"):
        parse_duration(text)


def test_budget_plans_whole_epochs() -> None:
    config = load_recipe(
        "edge_cnn_s", {"widths": [8, 8, 8], "blocks": [1, 1, 1], "batch_size": 14, "jit_compile": False, "epochs": 500}
    )
    assert 1 <= fit_epochs(config, labelled_faces(140, split="train"), 20.0).epochs < 500
    with pytest.raises(RecipeError, match="too short"):
        fit_epochs(config, labelled_faces(140, split="train"), 0.001)
