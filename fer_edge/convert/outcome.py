"""What a conversion hands out: one record a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fer_edge.convert.fidelity import Fidelity


@dataclass(frozen=True)
class Outcome:
    """One file that a conversion wrote.

    Attributes:
        path: where it lies; a failed one has "failed" in its name.
        recipe: what it was made by.
        size_bytes: of the file.
        fidelity: None when there were no held-out images.
        passed: whether the drop stayed within the limit.
        notes: what is peculiar about the file, in sentences.
        seconds: "convert" and "compare" -> how long they took.
        sources: the C files beside it.
    """

    path: Path
    recipe: str
    size_bytes: int
    fidelity: Fidelity | None
    passed: bool
    notes: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    sources: tuple[Path, ...] = ()
