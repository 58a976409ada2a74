"""What `fer-edge inspect` prints: a model file's origin, contract, operators and cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich.table import Table

from fer_edge.files import human_bytes
from fer_edge.modelfile.metadata import fidelity_of
from fer_edge.output import console
from fer_edge.text import printable

if TYPE_CHECKING:
    from fer_edge.graph.cost import OperatorCost
    from fer_edge.graph.reader import Tensor
    from fer_edge.runtime.delegation import Delegation
    from fer_edge.runtime.inspection import Inspection


def print_inspection(found: Inspection) -> None:
    """Print what the file says of itself, a row per operator, and the totals."""
    _print_file(found)
    _print_operators(found)
    _print_totals(found)


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
    """Return a file's contract and origin; another maker's metadata may lack or twist any of it."""
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
    "compared": lambda content: _compared(fidelity_of(content)),
    "trained": lambda content: "{epochs_trained} epochs, seed {seed}, temperature {temperature:.3f}".format(
        **content["training"]
    ),
    "assumed": lambda content: " ".join(map(str, content["assumptions"])),
}


def _calibrated(found: dict[str, Any]) -> str:
    told = "".join(f", {name} {found[name]}" for name in ("split", "seed") if found[name] is not None)
    return f"found on {found['count']:,} images, {found['source']}{told}"


def _compared(found: dict[str, Any] | None) -> str:
    if found is None:
        return ""
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
    console.out().print(table)


def _cells(operator: OperatorCost, delegation: Delegation | None) -> list[str]:
    output = operator.outputs[0] if operator.outputs else None
    macs = {"multiply-accumulate": f"{operator.macs:,}", "elementwise": "elementwise"}.get(operator.kind, "")
    taken = "unknown" if delegation is None else "yes" if operator.index in delegation.operators else "stays behind"
    return [
        str(operator.index),
        printable(operator.name),
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
        _print("XNNPACK: unknown, no installed interpreter reports it")
    else:
        count = len(delegation.operators)
        _print(f"XNNPACK takes {count} of {len(cost.operators)} operators in {delegation.interpreter}")
    _print(f"Microcontrollers: {_microcontrollers(found)}")


def _microcontrollers(found: Inspection) -> str:
    """Return what the model takes as C, or the first sentence of why it cannot become C."""
    if found.firmware is None:
        return "no; " + found.no_firmware.partition(". ")[0].partition(": ")[2]
    operators = ", ".join(name.lower() for name in found.firmware.operators)
    return (
        f"arena {human_bytes(found.firmware.arena_bytes)}, C code 2 to 4 kB and "
        f"{human_bytes(found.firmware.constant_bytes)} of constants, operators {operators}"
    )


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


def _print(text: str) -> None:
    console.out().print(printable(text), soft_wrap=True)
