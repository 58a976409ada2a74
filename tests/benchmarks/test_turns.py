"""Calls take turns, and each turn gives one median."""

import pytest
from helpers import Clock

from fer_edge.benchmarks import worker
from fer_edge.benchmarks.turns import take_turns, time_in_turn
from fer_edge.runtime.bundled import find_model


def test_calls_take_turns() -> None:
    log: list[str] = []
    medians = take_turns({name: lambda name=name: log.append(name) for name in "ab"}, 3, samples=2, seconds=0.0)
    assert log == ["a", "a", "a", "b", "b", "b"] * 3, "one call before the two that count"
    assert {name: len(values) for name, values in medians.items()} == {"a": 3, "b": 3}


def test_a_turn_lasts_long_enough_and_gives_the_median(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(worker, "time", clock)
    naps = iter([9.0, 0.004, 0.016, 0.002])  # the first, which warms up, does not count
    (values,) = take_turns({"slow": lambda: clock.sleep(next(naps))}, 1, samples=1, seconds=0.022).values()
    assert values == [4.0]
    assert list(naps) == []


def test_files_take_turns() -> None:
    files = [find_model("edge_cnn_s"), find_model("edge_cnn_s:float16")]
    medians = time_in_turn(files, 2)
    assert list(medians) == files
    assert all(len(values) == 2 and min(values) > 0 for values in medians.values())
