"""The paper's network in the pages: what its authors published, and how far it was trained here."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fer_edge.train.config import load_recipe

ROOT = Path(__file__).parents[2]
NAME = "seed_cnn"
ACCURACY = "66.17, validation"
"""Top-1 in per cent, as published."""

# F1 per class, as the README of the paper publishes them.
F1 = {
    "angry": 0.49,
    "disgust": 0.30,
    "fear": 0.40,
    "happy": 0.84,
    "neutral": 0.59,
    "sad": 0.55,
    "surprise": 0.79,
}


@dataclass(frozen=True)
class PaperRun:
    """The run of the paper's network.

    Attributes:
        public: its figures on PublicTest.
        record: of the training.
        history: one row per epoch.
        recipe: the shipped one, which is the paper's procedure.
    """

    public: dict[str, Any]
    record: dict[str, Any]
    history: list[dict[str, str]]
    recipe: dict[str, Any]

    @property
    def epochs(self) -> str:
        """How far it got, in a few words."""
        return f"{self.record['epochs_trained']} of the paper's {self.recipe['epochs']} epochs"

    def note(self) -> str:
        """Return what makes this training another than the paper's."""
        ran = self.record["recipe"]
        changed = [
            f"`{field} = {json.dumps(ran[field])}` instead of `{json.dumps(value)}`"
            for field, value in self.recipe.items()
            if field in ran and ran[field] != value
        ]
        schedule = f"The recipe differs in {', '.join(changed)}. " if changed else ""
        best = max(float(row["holdout_accuracy"]) for row in self.history)
        last = float(self.history[-1]["holdout_accuracy"])
        return (
            f"We trained `{NAME}`, the paper's network, for {self.epochs}, in {self.record['seconds'] / 3600:.1f} "
            f"hours, pauses included. {schedule}Its held-out accuracy was {100 * last:.1f} % after the last epoch and "
            f"{100 * best:.1f} % after the best. The figure shows what this much training gives, not what the network "
            "can reach. We did not reproduce its authors' figure."
        )


def read_run(root: Path = ROOT) -> PaperRun | None:
    """Return the finished run of the paper's network; None where there is none."""
    folder = root / "runs" / NAME
    if not (folder / "metrics.json").is_file():
        return None
    with (folder / "history.csv").open(newline="") as file:
        history = list(csv.DictReader(file))
    return PaperRun(
        public=json.loads((folder / "metrics.json").read_text())["public"],
        record=json.loads((folder / "run.json").read_text()),
        history=history,
        recipe=asdict(load_recipe(NAME)),
    )
