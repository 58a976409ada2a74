"""The coverage-guided fuzzer: its targets take their seeds, and a reader that fails is a fault."""

import pytest

from fer_edge.errors import FerEdgeError
from tools.fuzz import guided


@pytest.mark.parametrize("name", guided.TARGETS)
def test_every_target_takes_its_seeds(name: str, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guided, "BUILD", tmp_path / "build")
    guided.plant_seeds(name, tmp_path)
    target, _ = guided.TARGETS[name]
    answered = 0
    for seed in [*tmp_path.glob("seed-*"), None]:
        try:
            target(seed.read_bytes() if seed else b"\x00\xff no file")
            answered += 1
        except FerEdgeError:
            pass
    assert answered or name in {"archive", "keras"}
