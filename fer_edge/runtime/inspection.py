"""Everything that `fer-edge inspect` shows about a .tflite file, whoever made it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge.errors import ModelError
from fer_edge.firmware.footprint import Footprint, find_footprint
from fer_edge.graph.cost import ModelCost, analyse_cost
from fer_edge.modelfile.metadata import MEMBER, ModelFile, read_model
from fer_edge.runtime.delegation import Delegation, read_delegation

if TYPE_CHECKING:
    from fer_edge.graph.reader import Tensor


@dataclass(frozen=True)
class Inspection:
    """What `fer-edge inspect` found.

    Attributes:
        path: the file.
        size_bytes: of the whole file.
        verdict: "intact", "broken", or "none" for a file without fer-edge's metadata.
        reason: why it is broken; else empty.
        file: FlatBuffer and metadata of an intact file; else None.
        cost: from the graph.
        delegation: None when it is unknown.
        firmware: what the model takes as C on a microcontroller; None where it cannot become C.
        no_firmware: why it cannot; else empty.
    """

    path: Path
    size_bytes: int
    verdict: str
    reason: str
    file: ModelFile | None
    cost: ModelCost
    delegation: Delegation | None
    firmware: Footprint | None
    no_firmware: str


def examine(path: Path, data: bytes) -> Inspection:
    """Return graph, cost, delegation, contract, metadata and checksum of the bytes of any TFLite file.

    Raises:
        ModelError: it is no TFLite file, or cut off.
    """
    verdict, reason, file = _judge(data, str(path))
    flatbuffer = file.flatbuffer if file else data
    cost = analyse_cost(flatbuffer, str(path))
    # An interpreter may crash on a file that is known to be damaged.
    delegation = None if verdict == "broken" else read_delegation(flatbuffer, cost)
    firmware, no_firmware = _footprint(flatbuffer)
    return Inspection(path, len(data), verdict, reason, file, cost, delegation, firmware, no_firmware)


def _footprint(flatbuffer: bytes) -> tuple[Footprint | None, str]:
    try:
        return find_footprint(flatbuffer), ""
    except ModelError as error:
        return None, str(error)


def _judge(data: bytes, name: str) -> tuple[str, str, ModelFile | None]:
    """Return verdict, reason and content; a file of another maker has no trace of our metadata."""
    try:
        return "intact", "", read_model(data, name=name)
    except ModelError as error:
        return ("broken", str(error), None) if MEMBER.encode() in data else ("none", "", None)


def as_content(found: Inspection) -> dict[str, Any]:
    """Return what `fer-edge inspect --json` prints; sizes in bytes."""
    cost, delegation = found.cost, found.delegation
    return {
        "file": str(found.path),
        "file_bytes": found.size_bytes,
        "checksum": {"verdict": found.verdict, "reason": found.reason or None},
        "metadata": found.file.metadata.content if found.file else None,
        "inputs": [_tensor_content(tensor) for tensor in cost.inputs],
        "outputs": [_tensor_content(tensor) for tensor in cost.outputs],
        "parameters": cost.parameters,
        "macs": cost.macs,
        "activation_peak_bytes": cost.peak_bytes,
        "delegate": {"interpreter": delegation.interpreter, "operators": len(delegation.operators)}
        if delegation
        else None,
        "microcontrollers": asdict(found.firmware) if found.firmware else {"refused": found.no_firmware},
        "operators": [
            {
                "index": operator.index,
                "name": operator.name,
                "kind": operator.kind,
                "inputs": [_tensor_content(tensor) for tensor in operator.inputs],
                "outputs": [_tensor_content(tensor) for tensor in operator.outputs],
                "parameters": operator.parameters,
                "macs": operator.macs,
                "live_bytes": operator.live_bytes,
                "delegated": operator.index in delegation.operators if delegation else None,
            }
            for operator in cost.operators
        ],
    }


def _tensor_content(tensor: Tensor) -> dict[str, Any]:
    return {
        "name": tensor.name,
        "shape": list(tensor.shape),
        "dtype": tensor.dtype,
        "scales": list(tensor.scales),
        "zero_points": list(tensor.zero_points),
    }
