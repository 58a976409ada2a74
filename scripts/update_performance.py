"""Write the runtime's figures into docs/performance.md and README.md: ``make benchmark-runtime``.

Reads what benchmarks/runtime_overhead.py and benchmarks/soak.py left in build/benchmarks.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pages import Row, describe_host, markdown_table, replace_section

ROOT = Path(__file__).parent.parent
FIGURES = ROOT / "build/benchmarks"


def main() -> int:
    """Read the figures, then update the pages."""
    overhead = json.loads((FIGURES / "overhead.json").read_text())
    soak = json.loads((FIGURES / "soak.json").read_text())
    page = ROOT / "docs/performance.md"
    replace_section(page, "overhead", overhead_section(overhead))
    replace_section(page, "soak", soak_table(soak))
    replace_section(ROOT / "README.md", "runtime", readme_lines(overhead["comparisons"], soak))
    return 0


def overhead_section(overhead: dict[str, Any]) -> str:
    """Return the table of ratios and the sentence on how they were measured."""
    table = markdown_table(
        ["fer-edge / reference", "reference", "fer-edge", "ratio", "at most"],
        [overhead_row(comparison) for comparison in overhead["comparisons"]],
    )
    return (
        f"{table}\n\n`{overhead['model']}`, one thread, on {describe_host(overhead['host'])}; "
        f"{overhead['rounds']} rounds of 64 calls, {overhead['starts']} processes of each kind."
    )


def overhead_row(comparison: dict[str, Any]) -> Row:
    """Return the cells of one comparison."""
    unit, slack = comparison["unit"], comparison["promised_difference"]
    limit = f"{comparison['promised']:.2f}" + (f" or +{slack:.0f} {unit}" if slack else "")
    times = [f"{comparison[key]:.1f} {unit}" for key in ("bare", "ours")]
    return [comparison["name"], *times, f"{comparison['ratio']:.3f}", limit]


def soak_table(soak: dict[str, Any]) -> str:
    """Return the figures of the long run."""
    rows = [
        ["resident memory", f"{soak['growth_bytes'] / 1e6:+.2f} MB", "+2 MB"],
        ["open file handles", f"{soak['handles']:+}", "+0"],
        ["p99, processor time", *drift(soak["cpu_p99_us"])],
        ["p99, on the clock (other programs included)", *drift(soak["p99_us"])],
    ]
    return markdown_table([f"after {soak['predictions']:,} predictions", "measured", "at most"], rows)


def drift(p99_us: list[float]) -> Row:
    """Return what the slowest hundredth took at first and at last, and the limit."""
    first, last = p99_us
    return [f"{first:.0f} us, then {last:.0f} us ({last / first:.2f} times)", "1.5 times"]


def readme_lines(comparisons: list[dict[str, Any]], soak: dict[str, Any]) -> str:
    """Return the three lines of the README: a call, the start, the long run."""
    call, region, _, start, _, memory = comparisons
    first, last = soak["cpu_p99_us"]
    return "\n".join(
        [
            f"- `predict` takes {call['ours'] - call['bare']:.1f} us more than the bare interpreter's `invoke` of "
            f"{call['bare']:.1f} us; on a region of a camera frame {100 * (region['ratio'] - 1):.0f} % more than "
            "OpenCV and the interpreter called by hand.",
            f"- From launching Python to the first answer: {start['ratio']:.2f} times the time and "
            f"{memory['ratio']:.2f} times the memory ({memory['ours']:.0f} MB) of a script without fer-edge.",
            f"- After {soak['predictions']:,} predictions: {soak['growth_bytes'] / 1e6:+.2f} MB of memory, "
            f"{soak['handles']:+} file handles, the slowest hundredth {last / first:.2f} times as slow as at first.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
