"""A run folder: the recipe, the checkpoint that training resumes from, and the history."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tomllib
import zipfile
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.errors import RecipeError
from fer_edge.files import replacing, write_bytes, write_text
from fer_edge.train.config import TrainConfig, config_from

Arrays = list[npt.NDArray[np.generic]]
GROUPS = ("model", "optimizer", "shipped")
"""The lists of arrays in a TrainState."""


@dataclass(frozen=True)
class EpochRow:
    """One line of the history. Losses in nats, accuracies as fractions."""

    epoch: int
    image_size: int
    learning_rate: float
    train_loss: float
    train_accuracy: float
    holdout_loss: float | None
    holdout_accuracy: float | None
    seconds: float


@dataclass
class TrainState:
    """All that training needs to go on exactly where it stopped.

    Attributes:
        model: every variable of the network, batch statistics and dropout seeds included.
        optimizer: every variable of the optimizer, its step counter included.
        shipped: the weights that the run will hand out (averaged, best or last).
        history: one row per finished epoch.
    """

    model: Arrays
    optimizer: Arrays
    shipped: Arrays
    history: list[EpochRow] = field(default_factory=list)

    def at_rest(self) -> TrainState:
        """Return the state without momentum, which a cycle that ends at a learning rate of zero does not hand on.

        The zeros take no space in the checkpoint; a third of it is saved.
        """
        optimizer = [np.zeros_like(array) if array.ndim else array for array in self.optimizer]
        return replace(self, optimizer=optimizer)


@dataclass(frozen=True)
class RunFolder:
    """The files of one training run."""

    path: Path

    @property
    def recipe(self) -> Path:
        """The resolved recipe."""
        return self.path / "recipe.toml"

    @property
    def checkpoint(self) -> Path:
        """The state after the last finished epoch."""
        return self.path / "checkpoint.npz"

    @property
    def answers(self) -> Path:
        """The teachers' answers for the training images, in a run that is taught by them once."""
        return self.path / "teacher.npz"

    @property
    def model(self) -> Path:
        """The trained network, written when training ends."""
        return self.path / "model.keras"

    @property
    def history(self) -> Path:
        """The history as CSV."""
        return self.path / "history.csv"

    @property
    def metrics(self) -> Path:
        """Accuracy and per-class scores as JSON."""
        return self.path / "metrics.json"

    @property
    def record(self) -> Path:
        """Seed, data hash, versions and results as JSON; the same record travels in the model."""
        return self.path / "run.json"

    @property
    def curves(self) -> Path:
        """The learning curves."""
        return self.path / "curves.png"

    @property
    def confusion(self) -> Path:
        """The confusion matrix."""
        return self.path / "confusion.png"

    @property
    def reliability(self) -> Path:
        """The reliability diagram."""
        return self.path / "reliability.png"

    def write_recipe(self, config: TrainConfig) -> None:
        """Store the resolved recipe, which resuming reads back."""
        import tomli_w  # not above: the base install, which lacks it, is to hear of TensorFlow first

        write_text(self.recipe, tomli_w.dumps(asdict(config)))

    def read_recipe(self) -> TrainConfig:
        """Return the resolved recipe.

        Raises:
            RecipeError: the folder holds none.
        """
        if not self.recipe.is_file():
            raise RecipeError(f"{self.path} is not a run folder: expected recipe.toml in it.")
        return config_from(tomllib.loads(self.recipe.read_text("utf-8")), str(self.recipe))

    def write_state(self, state: TrainState) -> None:
        """Store the checkpoint in one step, and the history beside it."""
        arrays = {
            f"{group}_{index:03d}": array for group in GROUPS for index, array in enumerate(getattr(state, group))
        }
        copies = _find_copies(arrays)
        stored: dict[str, Any] = {name: array for name, array in arrays.items() if name not in copies}
        stored["history"] = np.array(json.dumps([asdict(row) for row in state.history]))
        stored["copies"] = np.array(json.dumps(copies))
        with replacing(self.checkpoint) as temporary:
            np.savez_compressed(temporary, **stored)
        write_bytes(self.history, _history_csv(state.history))

    def read_state(self) -> TrainState | None:
        """Return the checkpoint, or None before the first epoch has ended.

        Raises:
            RecipeError: the checkpoint is damaged.
        """
        if not self.checkpoint.is_file():
            return None
        try:
            with np.load(self.checkpoint, allow_pickle=False) as stored:
                copies = json.loads(str(stored["copies"])) if "copies" in stored.files else {}
                names = sorted([*stored.files, *copies])
                groups = {
                    group: [stored[copies.get(name, name)] for name in names if name.startswith(f"{group}_")]
                    for group in GROUPS
                }
                history = [EpochRow(**row) for row in json.loads(str(stored["history"]))]
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise RecipeError(f"{self.checkpoint} is damaged ({error}); delete it to start the run again.") from error
        return TrainState(history=history, **groups)

    def write_answers(self, data_sha256: str, answers: npt.NDArray[np.float32]) -> None:
        """Store the teachers' answers (N x 7) for the training images with this hash."""
        with replacing(self.answers) as temporary:
            np.savez_compressed(temporary, data_sha256=np.array(data_sha256), answers=answers)

    def read_answers(self, data_sha256: str) -> npt.NDArray[np.float32] | None:
        """Return the teachers' answers, or None when none are stored yet.

        Raises:
            RecipeError: the file is damaged, or belongs to other training images.
        """
        if not self.answers.is_file():
            return None
        try:
            with np.load(self.answers, allow_pickle=False) as stored:
                belongs = str(stored["data_sha256"]) == data_sha256
                answers: npt.NDArray[np.float32] = stored["answers"]
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise RecipeError(f"{self.answers} is damaged ({error}); delete it to ask the teachers again.") from error
        if not belongs:
            raise RecipeError(f"{self.answers} belongs to other training images; delete it to ask the teachers again.")
        return answers


def _find_copies(arrays: dict[str, npt.NDArray[np.generic]]) -> dict[str, str]:
    """Return name -> name of an earlier array of the same content: without averaging, weights would be stored twice."""
    first: dict[tuple[str, tuple[int, ...], bytes], str] = {}
    copies = {}
    for name, array in arrays.items():
        content = (array.dtype.str, array.shape, hashlib.sha256(array.tobytes()).digest())
        if (earlier := first.setdefault(content, name)) != name:
            copies[name] = earlier
    return copies


def _history_csv(history: list[EpochRow]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, [column.name for column in fields(EpochRow)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in history)
    return text.getvalue().encode()
