"""The learning rate over a run, and when a run stops."""

import dataclasses

import pytest

from fer_edge.train.config import load_recipe
from fer_edge.train.schedule import one_cycle, plateau, should_stop


def test_one_cycle_rises_then_falls_to_zero() -> None:
    config = load_recipe("edge_cnn_s", {"learning_rate": 0.1, "warmup": 0.1, "epochs": 10})
    rates = [one_cycle(config, step / 10) for step in range(100)]
    assert max(rates) == pytest.approx(0.1)
    assert rates.index(max(rates)) == 10
    assert rates[0] == pytest.approx(0.004)
    assert rates[-1] < 1e-4


def test_extended_run_starts_a_second_cycle_at_the_last_size() -> None:
    sizes = [[0.0, 36], [0.5, 48]]
    config = load_recipe("edge_cnn_s", {"epochs": 10, "image_sizes": sizes})
    longer = dataclasses.replace(config, epochs=14, restarts=[10])
    for epoch in (0, 4.5, 9.9):
        assert one_cycle(longer, epoch) == one_cycle(config, epoch)
    assert one_cycle(longer, 10) == one_cycle(config, 0)
    assert one_cycle(longer, 10.4) == pytest.approx(config.learning_rate)
    assert one_cycle(longer, 13.99) < 1e-4
    assert [longer.image_size(epoch) for epoch in (4, 5, 10, 13)] == [36, 48, 48, 48]


def test_plateau_halves_after_patience_without_improvement() -> None:
    config = load_recipe("seed_cnn", {"plateau_patience": 2, "plateau_factor": 0.5, "learning_rate": 1.0})
    assert plateau(config, []) == 1.0
    assert plateau(config, [3, 2, 2, 1.9]) == 1.0
    assert plateau(config, [3, 2, 2, 2.1]) == 0.5
    assert plateau(config, [3, 2, 2, 2.1, 2, 2.2]) == 0.25


def test_early_stopping_counts_from_the_best_epoch() -> None:
    config = load_recipe("seed_cnn", {"early_stopping_patience": 2})
    assert not should_stop(config, [3, 1, 2])
    assert should_stop(config, [3, 1, 2, 1.5])
    assert not should_stop(load_recipe("edge_cnn_s"), [1.0] * 50)


def test_plateau_ignores_improvements_below_its_least_one() -> None:
    changed = {"plateau_patience": 2, "plateau_factor": 0.5, "learning_rate": 1.0}
    creeping = [2.0, 1.99995, 1.99991, 1.9998]
    assert plateau(load_recipe("seed_cnn", changed), creeping[:3]) == 0.5  # Keras's 1e-4
    assert plateau(load_recipe("seed_cnn", {**changed, "plateau_min_delta": 0.0}), creeping) == 1.0
