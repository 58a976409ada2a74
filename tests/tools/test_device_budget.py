"""The instruction budget complains when it should, and only then; the counter's lines are read right."""

import pytest

from tools.device.budget import FILE, compare, read
from tools.device.checks import executed_instructions
from tools.device.devices import DEVICES

BUDGET = {"s.int8.tflite": {"pi4": 1_000_000, "pi5": 400_000}}


@pytest.mark.parametrize("factor", [0.991, 1.0, 1.009])
def test_within_one_percent(factor: float) -> None:
    counts = {"s.int8.tflite": {device: round(count * factor) for device, count in BUDGET["s.int8.tflite"].items()}}
    assert compare(counts, BUDGET) == []


@pytest.mark.parametrize(("count", "said"), [(1_011_000, "+1.1%"), (500_000, "-50.0%")])
def test_more_and_fewer_instructions_fail(count: int, said: str) -> None:
    (complaint,) = compare({"s.int8.tflite": {"pi4": count, "pi5": 400_000}}, BUDGET)
    assert f"{count:,}" in complaint
    assert said in complaint


def test_models_without_budget_and_budgets_without_model() -> None:
    complaints = compare({"m.int8.tflite": {"pi4": 1}}, BUDGET)
    assert complaints == ["m.int8.tflite on pi4 has no budget", "s.int8.tflite has a budget and no count"]


def test_counts_are_the_differences_between_pairs_of_marks() -> None:
    said = (
        "INFO: ready\nMODEL a\nEXECUTED 10\nEXECUTED 25\nEXECUTED 40\nEXECUTED 57\nMODEL b\nEXECUTED 60\nEXECUTED 61\n"
    )
    assert executed_instructions(said) == {"a": [15, 17], "b": [1]}


def test_stored_budget_has_every_bundled_network_on_every_device() -> None:
    assets = FILE.parents[2] / "fer_edge/assets"
    networks = {path.name.split(".")[0] for path in assets.glob("*.tflite")}
    instructions = read()["instructions"]
    assert {name.split(".")[0] for name in instructions} == networks
    for counts in instructions.values():
        assert set(counts) == {device.key for device in DEVICES}
