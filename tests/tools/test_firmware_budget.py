"""The budget of the generated C complains when it should, and only then."""

import json
from dataclasses import replace

import pytest

from fer_edge.runtime.bundled import bundled_names
from tools.firmware.firmware_test import FILE, over_budget
from tools.firmware.measure import Measurement
from tools.firmware.targets import TARGETS

STORED = json.loads(FILE.read_text())


def stored() -> dict[str, dict[str, Measurement]]:
    return {name: {key: Measurement(**one) for key, one in row.items()} for name, row in STORED["models"].items()}


def test_every_network_has_a_budget_on_every_target() -> None:
    assert set(STORED["models"]) == {name.partition(":")[0] for name in bundled_names()}
    for row in STORED["models"].values():
        assert set(row) == {target.key for target in TARGETS}


def test_what_is_stored_is_within_budget() -> None:
    assert over_budget(stored(), STORED["compilers"]) == []


@pytest.mark.parametrize("factor", [0.9, 1.1])
@pytest.mark.parametrize("figure", ["code", "crop", "constants", "arena", "stack", "instructions"])
def test_more_and_less_complain(figure: str, factor: float) -> None:
    measured = stored()
    one = measured["edge_cnn_s"]["m4"]
    measured["edge_cnn_s"]["m4"] = replace(one, **{figure: round(getattr(one, figure) * factor)})
    (complaint,) = over_budget(measured, STORED["compilers"])
    assert complaint.startswith(f"edge_cnn_s on m4: {figure} ")


def test_other_compilers_are_not_compared(capsys: pytest.CaptureFixture[str]) -> None:
    measured = stored()
    measured["edge_cnn_s"]["m4"] = replace(measured["edge_cnn_s"]["m4"], code=1)
    assert over_budget(measured, {"arm-none-eabi-gcc": "1.0"}) == []
    assert "not compared" in capsys.readouterr().out
