"""What a variant costs besides accuracy and latency: declared once for the terminal, the report and the pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from fer_edge.benchmarks.results import ModelResult

NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Column:
    """One figure of a variant, with its unit in the title."""

    title: str
    cell: Callable[[ModelResult], str]


def _delegated(model: ModelResult) -> str:
    count = model.cost.delegated_operators
    return "unknown" if count is None else f"{count} of {model.cost.operators}"


def _peak_share(model: ModelResult) -> str:
    return NOT_MEASURED if model.peak_share is None else f"{100 * model.peak_share:.0f}"


COST_COLUMNS = (
    Column("size, kB", lambda model: f"{model.file_bytes / 1000:,.1f}"),
    Column("parameters", lambda model: f"{model.cost.parameters:,}"),
    Column("MACs, million", lambda model: f"{model.cost.macs / 1e6:.2f}"),
    Column("activations, kB", lambda model: f"{model.cost.activation_peak_bytes / 1000:,.1f}"),
    Column("run by XNNPACK", _delegated),
    Column("share of peak, %", _peak_share),
    Column("load, ms", lambda model: f"{median(start.load_ms for start in model.starts):.1f}"),
    Column("start to first result, ms", lambda model: f"{median(start.first_result_ms for start in model.starts):.0f}"),
    Column("peak memory, MB", lambda model: f"{median(start.peak_memory_mb for start in model.starts):.1f}"),
    Column("with frames and OpenCV, MB", lambda model: f"{model.session_memory_mb:.1f}"),
)
"""MACs are multiply-accumulates; activations are those alive at once, at most."""
