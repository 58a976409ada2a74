"""Write the runtime's figures into docs/performance.md and README.md: ``make benchmark-runtime``.

    python -m tools.pages.update_performance [--fuzz FILE]

With --fuzz it writes the table of hostile input alone, from this file. Else it reads what
`tools.performance.runtime_overhead`, `tools.performance.soak` and `tools.fuzz.fuzz` left in build/benchmarks.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tools.pages.markdown import Row, describe_host, markdown_table, replace_section

ROOT = Path(__file__).parents[2]
FIGURES = ROOT / "build/benchmarks"


def main() -> int:
    """Read the figures, then update the pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fuzz", type=Path, help="what tools.fuzz.fuzz wrote")
    options = parser.parse_args()
    page = ROOT / "docs/performance.md"
    if options.fuzz:
        replace_section(page, "fuzz", fuzz_table(json.loads(options.fuzz.read_text("utf-8"))))
        return 0
    overhead, soaks, campaigns = (read_figures(name) for name in ("overhead", "soak", "fuzz"))
    replace_section(page, "overhead", overhead_section(overhead))
    replace_section(page, "soak", soak_table(soaks))
    replace_section(page, "fuzz", fuzz_table(campaigns))
    replace_section(ROOT / "README.md", "runtime", readme_lines(overhead["comparisons"], soaks, campaigns))
    return 0


def read_figures(name: str) -> Any:
    """Return what a benchmark has left."""
    return json.loads((FIGURES / f"{name}.json").read_text("utf-8"))


def overhead_section(overhead: dict[str, Any]) -> str:
    """Return the table of ratios and the sentence on how they were measured."""
    table = markdown_table(
        ["fer-edge / reference", "reference", "fer-edge", "ratio", "at most"],
        [overhead_row(comparison) for comparison in overhead["comparisons"]],
    )
    details = " ".join(comparison["detail"] for comparison in overhead["comparisons"] if comparison["detail"])
    return (
        f"{table}\n\n`{overhead['model']}`, one thread, on {describe_host(overhead['host'])}; "
        f"{overhead['rounds']} rounds of 64 calls, {overhead['starts']} processes of each kind. {details}"
    )


def overhead_row(comparison: dict[str, Any]) -> Row:
    """Return the cells of one comparison."""
    unit, slack = comparison["unit"], comparison["promised_difference"]
    limit = f"{comparison['promised']:.2f}" + (f" or +{slack:.0f} {unit}" if slack else "")
    times = [f"{comparison[key]:.1f} {unit}" for key in ("bare", "ours")]
    return [comparison["name"], *times, f"{comparison['ratio']:.3f}", limit]


def soak_table(soaks: dict[str, Any]) -> str:
    """Return the figures of the long runs, a column for each."""
    measured = {
        "resident memory": [f"{soak['growth_bytes'] / 1e6:+.2f} MB" for soak in soaks.values()],
        "open file handles": [f"{soak['handles']:+}" for soak in soaks.values()],
        "p99, processor time": [drift(soak["cpu_p99_us"]) for soak in soaks.values()],
        "p99, on the clock (other programs included)": [drift(soak["p99_us"]) for soak in soaks.values()],
    }
    limits = ["+2 MB", "+0", "1.5 times", "1.5 times"]
    rows = [[name, *cells, limit] for (name, cells), limit in zip(measured.items(), limits, strict=True)]
    header = ["after", *(f"{soak['calls']:,} {name}" for name, soak in soaks.items()), "at most"]
    return markdown_table(header, rows)


def drift(p99_us: list[float]) -> str:
    """Return what the slowest hundredth took at first and at last."""
    first, last = p99_us
    return f"{first:.0f} us, then {last:.0f} us ({last / first:.2f} times)"


def fuzz_table(campaigns: list[dict[str, Any]]) -> str:
    """Return how many cases ended how."""
    counts: dict[str, tuple[int, ...]] = {}
    for campaign in campaigns:
        outcomes = dict(campaign["outcomes"])
        refused = outcomes.pop("refused", 0)
        right = outcomes.pop("same answers", 0) + outcomes.pop("a picture", 0)
        wrong = sum(outcomes.values()) + bool(campaign["failure"])
        counts[campaign["name"]] = (refused + right + wrong, refused, right, wrong)
    counts["together"] = tuple(map(sum, zip(*counts.values(), strict=True)))
    rows = [[name, *(f"{count:,}" for count in cells)] for name, cells in counts.items()]
    return markdown_table(["damaged input", "cases", "rejected cleanly", "correct answer", "anything else"], rows)


def readme_lines(comparisons: list[dict[str, Any]], soaks: dict[str, Any], campaigns: list[dict[str, Any]]) -> str:
    """Return the lines of the README: a call, the start, the long run, hostile input."""
    call, _, _, start, _, memory = comparisons
    long_runs = " and ".join(
        f"{soak['calls']:,} {name} ({soak['growth_bytes'] / 1e6:+.2f} MB)" for name, soak in soaks.items()
    )
    cases = sum(sum(campaign["outcomes"].values()) for campaign in campaigns)
    return "\n".join(
        [
            f"- `predict` adds {call['ours'] - call['bare']:.1f} us to the bare interpreter's {call['bare']:.1f} us. "
            f"From launching Python to the first answer it takes {start['ratio']:.2f} times the time and "
            f"{memory['ratio']:.2f} times the memory ({memory['ours']:.0f} MB) of a script without fer-edge.",
            f"- Memory stays flat over {long_runs}.",
            f"- {cases:,} damaged models, damaged pictures and odd arrays: every one was rejected cleanly or handled "
            "correctly.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
