"""Which operators a delegate takes; "unknown" where nobody tells."""

from types import SimpleNamespace

import numpy as np
import pytest

from fer_edge.errors import ModelError
from fer_edge.graph.cost import analyse_cost
from fer_edge.modelfile.metadata import read_model
from fer_edge.runtime import delegation
from fer_edge.runtime.bundled import find_model
from fer_edge.runtime.delegation import read_delegation
from fer_edge.runtime.interpreter import import_interpreter


@pytest.fixture(scope="module")
def flatbuffer() -> bytes:
    return read_model(find_model("edge_cnn_s")).flatbuffer


def test_xnnpack_takes_all_but_the_ends_of_the_bundled_model(flatbuffer: bytes) -> None:
    package, _ = import_interpreter()
    if package != "ai_edge_litert":
        pytest.skip(f"{package} delegates other operators")
    cost = analyse_cost(flatbuffer)
    found = read_delegation(flatbuffer, cost)
    assert found is not None
    assert found.interpreter.startswith("ai_edge_litert ")
    left = [operator.name for operator in cost.operators if operator.index not in found.operators]
    assert left == ["QUANTIZE", "SOFTMAX", "QUANTIZE"]


def test_without_a_delegate_all_stay_behind(flatbuffer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    _, module = import_interpreter()

    def plain(content: bytes, *, threads: int):
        kind = module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        return module.Interpreter(model_content=content, num_threads=threads, experimental_op_resolver_type=kind)

    monkeypatch.setattr(delegation, "load_interpreter", plain)
    found = read_delegation(flatbuffer, analyse_cost(flatbuffer))
    assert found is not None
    assert found.operators == frozenset()


def row(index: int, name: str, inputs: list[int], outputs: list[int]) -> dict[str, object]:
    return {"index": index, "op_name": name, "inputs": np.array(inputs), "outputs": np.array(outputs)}


def test_two_partitions_around_an_operator() -> None:
    """0 -A-> 1 -B-> 2 -C-> 3 -D-> 4, weights 9; A with B, and D, are delegated. -1 is an input left out."""
    chain = [row(0, "A", [0, 9, -1], [1]), row(1, "B", [1], [2]), row(2, "C", [2], [3]), row(3, "D", [3, 9], [4])]
    delegates = [row(4, "DELEGATE", [0, 9], [2]), row(5, "DELEGATE", [3, 9], [4])]
    assert delegation._find_delegated(chain + delegates) == {0, 1, 3}


@pytest.mark.parametrize("case", ["not loaded", "keeps its list", "another list"])
def test_unknown(case: str, flatbuffer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: object, **__: object) -> object:
        if case == "not loaded":
            raise ModelError("no interpreter")
        return SimpleNamespace() if case == "keeps its list" else SimpleNamespace(_get_ops_details=list)

    monkeypatch.setattr(delegation, "load_interpreter", load)
    assert read_delegation(flatbuffer, analyse_cost(flatbuffer)) is None
