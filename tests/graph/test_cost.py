"""The graph as read without an interpreter, against the interpreter; and the arithmetic on it."""

from pathlib import Path

import numpy as np
import pytest
from helpers import FIXTURES

from fer_edge.errors import ModelError
from fer_edge.graph.cost import ModelCost, analyse_cost
from fer_edge.graph.operators import NAMES
from fer_edge.graph.reader import Graph, read_graph
from fer_edge.modelfile.metadata import read_model
from fer_edge.runtime.bundled import find_model
from fer_edge.runtime.interpreter import load_interpreter

RECIPES = ("float32", "float16", "int8")


@pytest.fixture(scope="module")
def bundled() -> ModelCost:
    return analyse_cost(read_model(find_model("edge_cnn_s")).flatbuffer)


@pytest.fixture(scope="module")
def mixed_network() -> bytes:
    """Depthwise, strided 1x1 and dense layers, and an addition; 16x16 pixels of 4 channels."""
    return (FIXTURES / "mixed.tflite").read_bytes()


def test_bundled_model(bundled: ModelCost) -> None:
    convolutions = [operator.macs for operator in bundled.operators if operator.name == "CONV_2D"]
    assert convolutions[:3] == [82_944, 1_327_104, 1_327_104]  # the stem; stage 1
    assert bundled.macs == 10_670_328
    assert bundled.peak_bytes == 3 * 24 * 24 * 16  # the sum of stage 1: two operands and its result
    (pixels,), (answer,) = bundled.inputs, bundled.outputs
    assert (pixels.dtype, pixels.shape, pixels.scales, pixels.zero_points) == ("uint8", (1, 48, 48, 1), (1.0,), (0,))
    assert (answer.dtype, answer.shape) == ("uint8", (1, 7))
    assert {operator.kind for operator in bundled.operators if operator.name == "ADD"} == {"elementwise"}


def test_graph_is_what_the_interpreter_sees(
    model_files: dict[str, Path], foreign_flatbuffers: dict[str, bytes], mixed_network: bytes
) -> None:
    models = [read_model(model_files[recipe]).flatbuffer for recipe in RECIPES]
    for flatbuffer in [*models, *foreign_flatbuffers.values(), mixed_network]:
        compare(read_graph(flatbuffer), load_interpreter(flatbuffer, threads=1))


def compare(graph: Graph, interpreter) -> None:
    rows = interpreter._get_ops_details()
    assert [(op.name, *op.inputs, *op.outputs) for op in graph.operators] == [
        (row["op_name"], *row["inputs"], *row["outputs"]) for row in rows[: len(graph.operators)]
    ]
    assert {row["op_name"] for row in rows[len(graph.operators) :]} <= {"DELEGATE"}
    assert graph.inputs == tuple(tensor["index"] for tensor in interpreter.get_input_details())
    assert graph.outputs == tuple(tensor["index"] for tensor in interpreter.get_output_details())
    for tensor, seen in zip(graph.tensors, interpreter.get_tensor_details(), strict=False):
        quantisation = seen["quantization_parameters"]
        assert (tensor.index, tensor.name, tensor.shape) == (seen["index"], seen["name"], tuple(seen["shape"]))
        assert tensor.dtype == np.dtype(seen["dtype"]).name
        assert tensor.bytes == np.dtype(seen["dtype"]).itemsize * int(np.prod(seen["shape"], dtype=int))
        for ours, theirs in (
            (tensor.scales, quantisation["scales"]),
            (tensor.zero_points, quantisation["zero_points"]),
        ):  # the interpreter repeats one scale of a dense layer for each of its outputs
            np.testing.assert_array_equal(np.repeat(ours, len(theirs)) if len(ours) == 1 else ours, theirs)


def test_multiply_accumulates_and_parameters_by_hand(mixed_network: bytes) -> None:
    cost = analyse_cost(mixed_network)
    counted = {op.name: (op.macs, op.parameters) for op in cost.operators if op.kind == "multiply-accumulate"}
    assert counted == {
        "DEPTHWISE_CONV_2D": (16 * 16 * 8 * 9, 9 * 8 + 8),
        "CONV_2D": (8 * 8 * 6 * 8, 8 * 6 + 6),
        "FULLY_CONNECTED": (384 * 5, 384 * 5 + 5),
    }
    assert cost.parameters == sum(parameters for _, parameters in counted.values())
    kinds = {operator.name: operator.kind for operator in cost.operators}
    assert (kinds["ADD"], kinds["ABS"], kinds["RESHAPE"]) == ("elementwise", "elementwise", "other")


def test_activations_live_from_first_to_last_use(mixed_network: bytes) -> None:
    live = {operator.name: operator.live_bytes for operator in analyse_cost(mixed_network).operators}
    pixels, wide, small = 4 * 16 * 16 * 4, 4 * 16 * 16 * 8, 4 * 8 * 8 * 6
    assert live["DEPTHWISE_CONV_2D"] == pixels + wide
    assert live["ADD"] == 3 * wide  # both operands and the sum
    assert live["CONV_2D"] == wide + small


def test_float16_weights_count_once_and_are_no_activations(model_files: dict[str, Path]) -> None:
    full, half = (analyse_cost(model_files[recipe].read_bytes()) for recipe in ("float32", "float16"))
    assert "DEQUANTIZE" in {operator.name for operator in half.operators}
    assert (half.macs, half.parameters, half.peak_bytes) == (full.macs, full.parameters, full.peak_bytes)


def test_operator_names_are_those_of_the_schema() -> None:
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    numbers = {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)}
    assert [numbers[number] for number in range(len(NAMES))] == NAMES


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_cut_off_file(share: float, mixed_network: bytes) -> None:
    with pytest.raises(ModelError, match=r"is truncated or damaged|not a TFLite model"):
        analyse_cost(mixed_network[: int(len(mixed_network) * share)])


def test_flipped_bits_are_refused_or_read(mixed_network: bytes) -> None:
    """A weight may be any number; what matters is that nothing else than `ModelError` comes out."""
    rng = np.random.default_rng(4)
    refused = []
    for position in rng.integers(8, len(mixed_network), 600):
        damaged = bytearray(mixed_network)
        damaged[position] ^= 1 << int(rng.integers(8))
        try:
            assert analyse_cost(bytes(damaged)).operators
        except ModelError as error:
            refused.append(str(error))
    assert 0 < len(refused) < 600
    assert all(reason.startswith("The model is") for reason in refused)


@pytest.mark.parametrize("content", [b"", b"no model at all", b"1234TFL3", b"\xff" * 4 + b"TFL3" + b"\xff" * 40])
def test_what_is_no_model(content: bytes) -> None:
    with pytest.raises(ModelError, match=r"^some\.tflite is"):
        analyse_cost(content, "some.tflite")
