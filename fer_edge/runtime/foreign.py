"""TFLite files of other makers: what they do not say of themselves, said by the user or by a file beside them.

`fer-edge describe` writes the same metadata into a file that `fer-edge convert` writes.
"""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.emotions import canonical_labels, parse_labels
from fer_edge.errors import ModelError
from fer_edge.graph.reader import Graph, Tensor, read_graph
from fer_edge.modelfile.checksum import sha256
from fer_edge.modelfile.contract import COLOURS, MAX_EDGE, RAW_PIXELS, Contract, InputRange, parse_range
from fer_edge.modelfile.metadata import FORMAT_VERSION, MEMBER, SIDECAR_SUFFIX, ModelFile, read_file, read_model
from fer_edge.modelfile.provenance import canonical_json
from fer_edge.modelfile.seal import append_metadata
from fer_edge.runtime.interpreter import load_interpreter
from fer_edge.runtime.tensor_values import make_levels

MAX_SIDECAR_BYTES = 1_000_000
MAX_LABEL_FILE_BYTES = 1_000_000
_PASSING = {"QUANTIZE", "DEQUANTIZE", "RESHAPE", "CAST", "SQUEEZE"}
"""Operators that leave probabilities probabilities."""


@dataclass(frozen=True)
class Statement:
    """What a user says of a model that does not say it itself; None for what is not said.

    Attributes:
        labels: the class names in the order of the outputs.
        input_range: what the network takes for black and white.
        colour: "grey", "rgb" or "bgr".
    """

    labels: tuple[str, ...] | None = None
    input_range: InputRange | None = None
    colour: str | None = None

    def __bool__(self) -> bool:
        return self != Statement()

    def as_options(self) -> dict[str, Any]:
        """Return it as keyword arguments of `EmotionClassifier`."""
        return {"labels": self.labels, "input_range": self.input_range, "colour": self.colour}


def state(
    labels: Sequence[str] | None, input_range: str | tuple[float, float] | InputRange | None, colour: str | None
) -> Statement:
    """Return what a caller states, checked as far as it can be without the model.

    Raises:
        ModelError: labels that are the same, an impossible range, an unknown order of colours.
    """
    if colour is not None and colour not in COLOURS:
        raise ModelError(f"Expected a colour order of {', '.join(COLOURS)}, got '{colour}'.")
    found: InputRange | None
    if input_range is None or isinstance(input_range, InputRange):
        found = input_range
    elif isinstance(input_range, str):
        found = parse_range(input_range)
    else:
        found = InputRange((float(input_range[0]),), (float(input_range[1]),))
    if labels is not None and len(set(labels)) < len(labels):
        raise ModelError(f"Expected different labels, got {', '.join(labels)}.")
    return Statement(None if labels is None else canonical_labels(labels), found, colour)


def is_described(data: bytes) -> bool:
    """Return whether a model file carries metadata of fer-edge, sound or not."""
    return MEMBER.encode() in data


def open_model(
    source: str | os.PathLike[str] | bytes, statement: Statement, *, placeholders: bool = False
) -> ModelFile:
    """Return a model that says itself what it takes, or else what its user states, or a sidecar beside it.

    Args:
        source: the file, or its bytes.
        statement: what the user says; it goes before the sidecar.
        placeholders: whether labels and range may be missing: then the model can be timed, no more.

    Raises:
        ModelError: the file is damaged, takes no picture or gives no scores; something is not said, or said twice.
    """
    name = "The model" if isinstance(source, bytes) else os.fspath(source)
    data = source if isinstance(source, bytes) else read_file(source)
    if is_described(data):
        if statement:
            raise ModelError(f"{name} says itself which pictures it takes and which labels it gives: state nothing.")
        return read_model(data, name=name)
    sidecar = None if isinstance(source, bytes) else os.fspath(source) + SIDECAR_SUFFIX
    if not statement and sidecar is not None and os.path.isfile(sidecar):
        content = read_sidecar(sidecar, data)
    elif not statement and not placeholders:
        return read_model(data, name=name)  # it says what is missing
    else:
        content = describe_foreign(data, name, statement, placeholders=placeholders)
    return read_model(append_metadata(bare_flatbuffer(data), content), name=name)


def describe_foreign(data: bytes, name: str, statement: Statement, *, placeholders: bool = False) -> dict[str, Any]:
    """Return the metadata of a model of another maker, as docs/model-file.md lists it; see `open_model`."""
    flatbuffer = bare_flatbuffer(data)
    graph = read_graph(flatbuffer, name)
    taken, given = _only(graph, graph.inputs, name, "input"), _only(graph, graph.outputs, name, "output")
    count = _count_scores(given, name)
    labels = statement.labels or _labels_inside(data)
    if labels is None:
        if not placeholders:
            raise ModelError(
                f"{name} does not say what its {count} outputs stand for: expected --labels A,B,... or a file."
            )
        labels = tuple(f"class {index}" for index in range(count))
    if len(labels) != count:
        raise ModelError(f"{name} has {count} outputs: expected as many labels, got {len(labels)}.")
    contract = _contract(taken, statement, name, placeholders=placeholders)
    if not placeholders:
        contract = replace(contract, logits=_gives_logits(graph, flatbuffer, name))
    return {
        "format_version": FORMAT_VERSION,
        "name": os.path.basename(name).removesuffix(".tflite"),
        "labels": list(labels),
        "input": {**contract.as_json(), "dtype": taken.dtype, "content": f"one picture, {contract}"},
        "output": {
            "shape": [1, count],
            "dtype": given.dtype,
            "scores": "logits" if contract.logits else "probabilities",
            "content": ("scores" if contract.logits else "probabilities") + " in the order of the labels",
        },
        "recipe": {"name": _arithmetic(graph)},
        "calibration": None,
        "assumptions": ["Not converted by fer-edge: what the file takes and gives is what its user stated."],
        "training": None,
        "verification": None,
        "versions": {},
    }


def guessable(
    data: bytes, name: str
) -> tuple[Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]], tuple[int, int, int], int]:
    """Return what a float model answers (images N x height x width x channels -> scores), its shape, its outputs.

    Raises:
        ModelError: its input is quantised, and so tells its range itself, or is no picture.
    """
    flatbuffer = bare_flatbuffer(data)
    graph = read_graph(flatbuffer, name)
    taken, given = _only(graph, graph.inputs, name, "input"), _only(graph, graph.outputs, name, "output")
    height, width, channels, layout = _read_shape(taken, name)
    if taken.dtype != "float32":
        raise ModelError(f"{name} takes {taken.dtype} and so tells its range itself: state its --labels.")
    interpreter = load_interpreter(flatbuffer, threads=os.cpu_count() or 1)
    source, target = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]
    levels = make_levels(target)

    def answer(images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        rows = []
        for image in images if layout == "hwc" else images.transpose(0, 3, 1, 2):
            interpreter.set_tensor(source, np.ascontiguousarray(image[np.newaxis]))
            interpreter.invoke()
            scores = interpreter.get_tensor(target["index"])[0]
            rows.append(scores if levels is None else levels.take(scores))
        return np.stack(rows)

    return answer, (height, width, channels), _count_scores(given, name)


def bare_flatbuffer(data: bytes) -> bytes:
    """Return a model without the archive of labels that other tools append to it, as TFLite's metadata do."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            starts = [entry.header_offset for entry in archive.infolist()]
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return data
    return data[: min(starts)] if starts and data[4:8] == b"TFL3" and min(starts) > 8 else data


def write_sidecar(content: dict[str, Any], data: bytes) -> str:
    """Return the text of a sidecar: the metadata, and the checksum of the FlatBuffer that they describe."""
    return canonical_json({**content, "flatbuffer_sha256": sha256(bare_flatbuffer(data))}) + "\n"


def read_sidecar(path: str, data: bytes) -> dict[str, Any]:
    """Return the metadata of a sidecar, checked to describe this very model.

    Raises:
        ModelError: it is damaged, or describes another file.
    """
    try:
        with open(path, "rb") as file:
            content = json.loads(file.read(MAX_SIDECAR_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read as the description of a model: {error}.") from error
    if not isinstance(content, dict) or content.pop("flatbuffer_sha256", None) != sha256(bare_flatbuffer(data)):
        raise ModelError(f"{path} describes another model than the one beside it. Describe it again, or remove it.")
    content.pop("flatbuffer_bytes", None)
    return content


def _only(graph: Graph, indices: Sequence[int], name: str, role: str) -> Tensor:
    if len(indices) != 1:
        raise ModelError(f"{name} has {len(indices)} {role}s: expected a network with one picture in and scores out.")
    return graph.tensors[indices[0]]


def _count_scores(given: Tensor, name: str) -> int:
    if len(given.shape) != 2 or given.shape[0] != 1 or given.shape[1] < 2:
        raise ModelError(f"{name} gives {list(given.shape)}: expected one score for each of two or more labels.")
    return given.shape[1]


def _contract(taken: Tensor, statement: Statement, name: str, *, placeholders: bool) -> Contract:
    height, width, channels, layout = _read_shape(taken, name)
    colour = statement.colour or ("grey" if channels == 1 else "rgb")
    if colour not in COLOURS or channels != (1 if colour == "grey" else 3):
        raise ModelError(f"{name} takes {channels} channel(s): --colour {colour} does not fit.")
    input_range = statement.input_range or _whole_range(taken)
    if input_range is None:
        if not placeholders:
            raise ModelError(
                f"{name} takes {taken.dtype} pixels and does not say in which range: expected --input-range, "
                "black and white, such as 0,1 or -1,1."
            )
        input_range = RAW_PIXELS
    if len(input_range.black) > channels:
        raise ModelError(f"{name} takes grey pictures: an input range for three channels does not fit.")
    return Contract(height, width, colour, input_range, layout)


def _read_shape(taken: Tensor, name: str) -> tuple[int, int, int, str]:
    """Return height, width, channels and layout."""
    shape = taken.shape
    if len(shape) == 4 and shape[0] == 1:
        if shape[3] in {1, 3} and max(shape[1:3]) > 3:
            return shape[1], shape[2], shape[3], "hwc"
        if shape[1] in {1, 3} and 3 < max(shape[2:]) <= MAX_EDGE:
            return shape[2], shape[3], shape[1], "chw"
    raise ModelError(
        f"{name} takes {list(shape)}: expected one picture of a fixed size, 1 x height x width x channels, with 1 or 3 "
        "channels. Convert it again with a fixed input."
    )


def _whole_range(taken: Tensor) -> InputRange | None:
    """Return what a quantised input can hold at all, which is what its maker calibrated it for; None for floats."""
    lows = {"uint8": 0, "int8": -128}
    if taken.dtype not in lows:
        return None
    if not taken.scales:
        return RAW_PIXELS
    low = lows[taken.dtype] - (taken.zero_points[0] if taken.zero_points else 0)
    return InputRange((taken.scales[0] * low,), (taken.scales[0] * (low + 255),))


def _gives_logits(graph: Graph, flatbuffer: bytes, name: str) -> bool:
    """Return whether the outputs are no probabilities: by the last operator, else by the answers to some noise."""
    last = next((operator.name for operator in reversed(graph.operators) if operator.name not in _PASSING), "")
    if last == "LOGISTIC":
        raise ModelError(
            f"{name} ends in sigmoids, which answer for each label on its own; expected softmax or logits."
        )
    if last == "SOFTMAX":
        return False
    interpreter = load_interpreter(flatbuffer, threads=1)
    taken, details = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    levels = make_levels(details)
    rng = np.random.default_rng(0)
    for _ in range(4):
        noise = rng.integers(0, 256, taken["shape"], dtype=np.uint8).astype(taken["dtype"])
        interpreter.set_tensor(taken["index"], noise)
        interpreter.invoke()
        answer = interpreter.get_tensor(details["index"])
        scores = answer if levels is None else levels.take(answer)
        if scores.min() < 0 or abs(float(scores.sum()) - 1) > 0.05:
            return True
    return False


def _arithmetic(graph: Graph) -> str:
    """Return the conversion recipe that a graph comes nearest to."""
    weights = {tensor.dtype for tensor in graph.tensors if tensor.stored and tensor.elements > 16}
    computed = [tensor.dtype for tensor in graph.tensors if not tensor.stored]
    if weights & {"int8", "uint8"}:
        integers = sum(dtype in {"int8", "uint8"} for dtype in computed)
        return "int8" if 2 * integers > len(computed) else "dynamic"
    return "float16" if "float16" in weights else "float32"


def _labels_inside(data: bytes) -> tuple[str, ...] | None:
    """Return the labels in the archive that TFLite's metadata tools append; None where there are none."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            texts = [entry for entry in archive.infolist() if entry.filename.endswith(".txt")]
            if len(texts) != 1 or texts[0].file_size > MAX_LABEL_FILE_BYTES:
                return None
            with archive.open(texts[0]) as file:
                text = file.read(MAX_LABEL_FILE_BYTES).decode("utf-8-sig")
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, RuntimeError, EOFError, zlib.error):
        return None
    return canonical_labels(parse_labels(text, "The labels in the file"))
