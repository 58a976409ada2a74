"""How many instructions an inference may take: budget.json, and the comparison with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("budget.json")
TOLERANCE = 0.01
"""The same program repeats within 0.1 %: what differs is where memory happens to lie."""

Counts = dict[str, dict[str, int]]
"""Model file -> device key -> executed instructions of one inference."""


def read() -> dict[str, Any]:
    """Return the stored budget: the interpreters' versions, and the counts."""
    return dict(json.loads(FILE.read_text()))


def write(interpreters: dict[str, str], counts: Counts) -> None:
    """Store new counts, and the versions that they hold for."""
    content = {"interpreters": interpreters, "instructions": counts}
    FILE.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")


def compare(counts: Counts, budget: Counts) -> list[str]:
    """Return a sentence for each count that is not in the budget, or not within `TOLERANCE` of it.

    Fewer instructions fail, too: a budget that is not brought down would hide the next rise.
    """
    complaints = []
    for model, devices in counts.items():
        for device, count in devices.items():
            allowed = budget.get(model, {}).get(device)
            if allowed is None:
                complaints.append(f"{model} on {device} has no budget")
            elif abs(count / allowed - 1) > TOLERANCE:
                complaints.append(f"{model} on {device}: {count:,} instructions, {count / allowed - 1:+.1%} of budget")
    complaints += [f"{model} has a budget and no count" for model in budget if model not in counts]
    return complaints
