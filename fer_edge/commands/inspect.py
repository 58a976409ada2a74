"""`fer-edge inspect`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from fer_edge import console
from fer_edge.benchmarks.cost import ModelCost, OperatorCost, analyse_cost
from fer_edge.benchmarks.delegation import Delegation, read_delegation
from fer_edge.commands.shared import read_model_bytes
from fer_edge.errors import ModelError, OutputError
from fer_edge.files import human_bytes, require_free
from fer_edge.runtime.metadata import MEMBER, ModelFile, read_model

if TYPE_CHECKING:
    from fer_edge.benchmarks.graph import Tensor


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
        delegation: None when it cannot be told.
    """

    path: Path
    size_bytes: int
    verdict: str
    reason: str
    file: ModelFile | None
    cost: ModelCost
    delegation: Delegation | None


def inspect(model: str, *, chart: Path | None, force: bool, as_json: bool) -> None:
    """Show graph, cost, delegation, contract, metadata and checksum of any TFLite file.

    Raises:
        ModelError: it is no TFLite file, or cut off.
        OutputError: the chart's name has another suffix, or exists.
    """
    if chart is not None:
        if chart.suffix.lower() not in {".svg", ".png"}:
            raise OutputError(f"Expected a chart named .svg or .png, got {chart}.")
        require_free(chart, force=force)
    found = examine(model)
    if chart is not None:
        from fer_edge.plots import plot_cost

        plot_cost(chart, found.cost, found.path.name)
    if as_json:
        console.print_json(as_content(found))
        return
    _print_file(found)
    _print_operators(found)
    _print_totals(found)
    if chart is not None:
        console.print_line(f"Wrote {chart}")


def examine(model: str) -> Inspection:
    """Return what is to be said of a model file; see `inspect` for the errors."""
    path, data = read_model_bytes(model)
    verdict, reason, file = _judge(data, str(path))
    flatbuffer = file.flatbuffer if file else data
    cost = analyse_cost(flatbuffer, str(path))
    # An interpreter may crash on a file that is known to be damaged.
    delegation = None if verdict == "broken" else read_delegation(flatbuffer, cost)
    return Inspection(path, len(data), verdict, reason, file, cost, delegation)


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


def _print_file(found: Inspection) -> None:
    """Print what the file says of itself, and its contract."""
    _print(f"{found.path}: {human_bytes(found.size_bytes)}")
    if found.file:
        metadata = found.file.metadata
        made = ", ".join(f"{name} {version}" for name, version in dict(metadata.content.get("versions") or {}).items())
        _print(f"  metadata   {metadata.name} {metadata.recipe}, made with {made or 'unknown versions'}")
        _print(f"  labels     {', '.join(metadata.labels)}")
        for title, text in _provenance(metadata.content).items():
            _print(f"  {title:9}  {text}")
    verdicts = {
        "intact": "matches; 'fer-edge verify' checks the metadata's every byte too",
        "broken": f"BROKEN: {found.reason}",
        "none": "none: the file carries no metadata of fer-edge",
    }
    _print(f"  checksum   {verdicts[found.verdict]}")
    for title, tensors in (("input", found.cost.inputs), ("output", found.cost.outputs)):
        for tensor in tensors:
            scale = _quantisation(tensor)
            about = f"{tensor.dtype} {_shape(tensor)}" + (f", scale and zero point {scale}" if scale else "")
            _print(f"  {title:9}  {about}, named {tensor.name or 'nothing'}")


def _provenance(content: dict[str, Any]) -> dict[str, str]:
    """Return what a file tells of its contract and origin; another maker's metadata may lack or twist any of it."""
    told: dict[str, str] = {}
    for title, describe in _PROVENANCE.items():
        try:
            text = describe(content)
        except (TypeError, KeyError, ValueError, AttributeError):
            continue
        if text:
            told[title] = text
    return told


_PROVENANCE: dict[str, Callable[[dict[str, Any]], str]] = {
    "takes": lambda content: str(content["input"]["content"]),
    "gives": lambda content: str(content["output"]["content"]),
    "ranges": lambda content: _calibrated(content["calibration"]),
    "verified": lambda content: _verified(content["verification"]),
    "trained": lambda content: "{epochs_trained} epochs, seed {seed}, temperature {temperature:.3f}".format(
        **content["training"]
    ),
    "assumed": lambda content: " ".join(map(str, content["assumptions"])),
}


def _calibrated(found: dict[str, Any]) -> str:
    told = "".join(f", {name} {found[name]}" for name in ("split", "seed") if found[name] is not None)
    return f"found on {found['count']:,} images, {found['source']}{told}"


def _verified(found: dict[str, Any]) -> str:
    text = f"agrees with Keras on {found['agreement']:.2%} of {found['images']:,} images, {found['source']}"
    labelled = found["labelled"]
    if labelled:
        text += f"; accuracy {labelled['accuracy']:.2%}, drop {100 * labelled['drop']:+.2f} points"
    return text


def _print_operators(found: Inspection) -> None:
    table = Table("#", "operator", "output", "dtype", "scale, zero point", "parameters", "MACs", "live kB", "XNNPACK")
    for column in table.columns[5:8]:
        column.justify = "right"
    for operator in found.cost.operators:
        table.add_row(*_cells(operator, found.delegation))
    console.OUT.print(table)


def _cells(operator: OperatorCost, delegation: Delegation | None) -> list[str]:
    output = operator.outputs[0] if operator.outputs else None
    macs = {"multiply-accumulate": f"{operator.macs:,}", "elementwise": "elementwise"}.get(operator.kind, "")
    taken = "unknown" if delegation is None else "yes" if operator.index in delegation.operators else "stays behind"
    return [
        str(operator.index),
        escape(_plain(operator.name)),
        _shape(output) if output else "",
        output.dtype if output else "",
        _quantisation(output) if output else "",
        f"{operator.parameters:,}" if operator.parameters else "",
        macs,
        f"{operator.live_bytes / 1000:.1f}",
        taken,
    ]


def _print_totals(found: Inspection) -> None:
    cost, delegation = found.cost, found.delegation
    _print(f"parameters {cost.parameters:,}; multiply-accumulates {cost.macs:,} (convolutions and dense layers)")
    _print(
        f"activations {human_bytes(cost.peak_bytes)} at their peak: a lower bound, an interpreter's arena may take more"
    )
    if delegation is None:
        _print("XNNPACK: unknown, no interpreter here tells")
    else:
        count = len(delegation.operators)
        _print(f"XNNPACK takes {count} of {len(cost.operators)} operators in {delegation.interpreter}")


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "scalar"


def _quantisation(tensor: Tensor) -> str:
    """Return scale and zero point, or how many there are; nothing for a tensor that is not quantised."""
    if not tensor.scales:
        return ""
    if len(tensor.scales) > 1:
        return f"{len(tensor.scales)} scales"
    zero_point = tensor.zero_points[0] if tensor.zero_points else 0
    return f"{tensor.scales[0]:.6g}, {zero_point}"


def _plain(text: str) -> str:
    """Return text without what would steer a terminal: names come from a file, and may be anybody's."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _print(text: str) -> None:
    console.OUT.print(_plain(text), markup=False, highlight=False, soft_wrap=True)
