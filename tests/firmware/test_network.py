"""What the C kernels cannot compute is refused by name, and whatever a damaged file holds, nothing worse happens."""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fer_edge.errors import ModelError
from fer_edge.firmware.arena import plan_arena
from fer_edge.firmware.layers import Convolution, Dense
from fer_edge.firmware.network import read_network
from fer_edge.firmware.tensors import LARGEST_DIMENSION
from fer_edge.graph.operators import NAMES
from fer_edge.graph.reader import read_graph
from fer_edge.modelfile.metadata import read_model
from fer_edge.runtime.bundled import find_model

FIXTURE = Path(__file__).parents[1] / "fixtures/every_operator.int8.tflite"


@pytest.fixture(scope="module")
def flatbuffer() -> bytes:
    return read_model(FIXTURE).flatbuffer


def operator_code(flatbuffer: bytes, name: str) -> int:
    """Return where the number of an operator stands in the table of a model's operators."""
    number = NAMES.index(name)
    places = [at for at in range(len(flatbuffer) - 8) if flatbuffer[at : at + 4] == struct.pack("<i", number)]
    for at in places:
        changed = flatbuffer[:at] + struct.pack("<i", 1000) + flatbuffer[at + 4 :]
        try:
            if [op.name for op in read_graph(changed).operators] != [
                op.name for op in read_graph(flatbuffer).operators
            ]:
                return at
        except ModelError:
            continue
    raise AssertionError(f"no place for {name}")


def test_operators_are_read(flatbuffer: bytes) -> None:
    found = read_network(flatbuffer)
    assert found.describe() == {
        "Quantization": 2, "Convolution": 2, "Depthwise": 2, "Pooling": 2, "Addition": 2, "Dense": 2, "Mean": 1,
        "Softmax": 1,
    }  # fmt: skip
    convolution = next(layer for layer in found.layers if isinstance(layer, Convolution))
    assert (convolution.window.in_height, convolution.window.out_height, convolution.outputs) == (48, 23, 5)
    assert [layer.inputs_count for layer in found.layers if isinstance(layer, Dense)] == [252, 9]
    assert (found.classes, found.score_scale, found.score_zero) == (7, 1 / 256, 0)


def test_unknown_operator_is_named(flatbuffer: bytes) -> None:
    at = operator_code(flatbuffer, "MEAN")
    changed = flatbuffer[:at] + struct.pack("<i", NAMES.index("HARD_SWISH")) + flatbuffer[at + 4 :]
    with pytest.raises(ModelError, match=r"^it cannot become C: its operator HARD_SWISH has no C kernel\. "):
        read_network(changed, "it")


@pytest.mark.parametrize("recipe", ["float32", "float16", "dynamic"])
def test_float_models_are_refused(recipe: str, model_files: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match="cannot become C: "):
        read_network(read_model(model_files[recipe]).flatbuffer)


def test_other_contracts_are_refused(foreign_flatbuffers: dict[str, bytes]) -> None:
    for content in foreign_flatbuffers.values():
        with pytest.raises(ModelError, match=r"cannot become C: |not one|damaged"):
            read_network(content)


def mutations(flatbuffer: bytes, count: int) -> Iterator[bytes]:
    rng = np.random.default_rng(7)
    weights = [(tensor.span[0], sum(tensor.span)) for tensor in read_graph(flatbuffer).tensors if tensor.bytes > 64]
    structure = [at for at in range(len(flatbuffer)) if not any(start <= at < end for start, end in weights)]
    for _ in range(count):
        changed = bytearray(flatbuffer)
        for at in rng.choice(structure, int(rng.integers(1, 4))):
            changed[at] = rng.choice([0, 1, 127, 128, 255, changed[at] ^ 1 << int(rng.integers(8))])
        yield bytes(changed)


def test_damaged_files_are_refused_or_read(flatbuffer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is read has layers within the limits of the C structures."""
    refused = 0
    for changed in mutations(flatbuffer, 600):
        try:
            found = read_network(changed)
        except ModelError:
            refused += 1
            continue
        for layer in found.layers:
            if isinstance(layer, Convolution):
                assert len(layer.sums.weights) == layer.window.count * layer.outputs
                assert max(layer.window.count, layer.outputs) <= LARGEST_DIMENSION
                assert all(0 <= factor < 1 << 31 and -31 <= shift <= 30 for factor, shift in layer.sums.factors)
    assert refused > 120


def test_cut_files_are_refused(flatbuffer: bytes) -> None:
    for size in range(0, len(flatbuffer) - 1, 97):
        with pytest.raises(ModelError):
            read_network(flatbuffer[:size])


@pytest.mark.parametrize(("model", "most"), [("edge_cnn_s", 20_000), ("edge_cnn_m", 40_000)])
def test_little_memory(model: str, most: int) -> None:
    """TensorFlow Lite for Microcontrollers wants 36.7 and 91.0 kB."""
    found = read_network(read_model(find_model(model)).flatbuffer)
    plan = plan_arena(found)
    assert plan.size <= most
    assert plan == plan_arena(found)


def test_tensors_that_live_together_lie_apart(flatbuffer: bytes) -> None:
    """Two that no layer may overlap share no byte; bit-exact answers prove those that one may."""
    found = read_network(flatbuffer)
    plan = plan_arena(found)
    assert all(offset % 4 == 0 for offset in (*plan.tensors.values(), *plan.scratch.values()))
    for position, layer in enumerate(found.layers):
        later = {source for other in found.layers[position + 1 :] for source in other.inputs}
        kept = {source for source in later if source in plan.tensors and source != layer.output}
        kept -= {other.output for other in found.layers[position:]}
        for source in kept & plan.tensors.keys():
            if layer.output in plan.tensors:
                one, two = plan.tensors[source], plan.tensors[layer.output]
                assert one + found.sizes[source] <= two or two + found.sizes[layer.output] <= one
