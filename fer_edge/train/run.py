"""A run folder: the recipe, the checkpoint that training resumes from, and the history."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.npyio import NpzFile

from fer_edge.errors import OutputError, RecipeError, os_reason
from fer_edge.files import replacing, write_bytes, write_text
from fer_edge.toml import read_toml
from fer_edge.train.config import TrainConfig, config_from
from fer_edge.unpacking import find_bomb

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
        data_sha256: of the training images; empty in checkpoints of fer-edge 0.1.
    """

    model: Arrays
    optimizer: Arrays
    shipped: Arrays
    history: list[EpochRow] = field(default_factory=list)
    data_sha256: str = ""

    def at_rest(self) -> TrainState:
        """Return the state without momentum, which a cycle that ends at a learning rate of zero does not hand on.

        The zeros take no space in the checkpoint; a third of it is saved.
        """
        optimizer = [np.zeros_like(array) if array.ndim else array for array in self.optimizer]
        return replace(self, optimizer=optimizer)

    def halved(self) -> TrainState:
        """Return the state with its float32 arrays in float16, from which training goes on, though not bit for bit.

        A value beyond float16 becomes its largest.
        """
        limit = np.finfo(np.float16).max

        def halve(arrays: Arrays) -> Arrays:
            return [
                np.clip(array, -limit, limit).astype(np.float16) if array.dtype == np.float32 else array
                for array in arrays
            ]

        return replace(self, model=halve(self.model), optimizer=halve(self.optimizer), shipped=halve(self.shipped))


@dataclass(frozen=True)
class RunFolder:
    """The files of one training run."""

    path: Path

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Keep every other process that trains off this folder, which is made; it goes again if nothing was put in it.

        The operating system holds the lock, so that of a killed process is gone.

        Raises:
            OutputError: another process trains in it, or it cannot be made or written.
        """
        from filelock import FileLock, Timeout  # as tomli_w below

        made = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        lock = FileLock(self.path / ".lock")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire(blocking=False)
        except Timeout as error:
            raise OutputError(
                f"Another process is training in {self.path}. Wait for it, or choose another folder."
            ) from error
        except OSError as error:
            raise OutputError(f"Cannot write to the folder {self.path}: {os_reason(error)}.") from error
        try:
            yield
        finally:
            with suppress(OSError):  # Windows keeps an open file
                Path(lock.lock_file).unlink()
            lock.release()
            with suppress(OSError):  # the first that is not empty
                for folder in made:
                    folder.rmdir()

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

    def require_sources(self, config: TrainConfig) -> None:
        """Check, before long work starts, that the networks are there which the recipe learns or starts from.

        A taught run that has stored the answers needs its teachers no more, nor one that has begun its initial weights.

        Raises:
            RecipeError: one is missing.
        """
        taught = config.teacher if config.teacher_sees == "batches" or not self.answers.is_file() else []
        begun = [] if self.checkpoint.is_file() else config.initial
        for name, sources in (("teacher", taught), ("initial", begun)):
            for source in sources:
                if not Path(source).exists():
                    raise RecipeError(
                        f"Recipe field '{name}' names {source}, which is not there: train that first, or name another "
                        f"finished run or .keras file with --set {name}=PATH."
                    )

    def write_recipe(self, config: TrainConfig) -> None:
        """Store the resolved recipe, which resuming reads back."""
        import tomli_w  # not above: the base install, which lacks it, is to hear of TensorFlow first

        write_text(self.recipe, tomli_w.dumps(asdict(config)))

    def read_recipe(self) -> TrainConfig:
        """Return the resolved recipe.

        Raises:
            RecipeError: the folder holds none, or a damaged one.
        """
        if not self.recipe.is_file():
            raise RecipeError(f"{self.path} is not a run folder: expected recipe.toml in it.")
        return config_from(read_toml(self.recipe), str(self.recipe))

    def write_state(self, state: TrainState) -> None:
        """Store the checkpoint in one step, and the history beside it."""
        arrays = {
            f"{group}_{index:03d}": array for group in GROUPS for index, array in enumerate(getattr(state, group))
        }
        copies = _find_copies(arrays)
        stored: dict[str, Any] = {name: array for name, array in arrays.items() if name not in copies}
        stored["history"] = np.array(json.dumps([asdict(row) for row in state.history]))
        stored["copies"] = np.array(json.dumps(copies))
        stored["data_sha256"] = np.array(state.data_sha256)
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
            with _open_arrays(self.checkpoint) as stored:
                copies = json.loads(str(stored["copies"])) if "copies" in stored.files else {}
                names = sorted([*stored.files, *copies])
                groups = {
                    group: [stored[copies.get(name, name)] for name in names if name.startswith(f"{group}_")]
                    for group in GROUPS
                }
                history = [EpochRow(**row) for row in json.loads(str(stored["history"]))]
                data_sha256 = str(stored["data_sha256"]) if "data_sha256" in stored.files else ""
        except Exception as error:  # NumPy and zipfile raise a dozen kinds for a damaged file; all mean the same here
            raise RecipeError(
                f"{self.checkpoint} is damaged ({_reason(error)}); delete it to start the run again."
            ) from error
        return TrainState(history=history, data_sha256=data_sha256, **groups)

    def write_answers(self, data_sha256: str, answers: npt.NDArray[np.float32]) -> None:
        """Store the teachers' answers (N x 7) for the training images with this hash, with three digits."""
        with replacing(self.answers) as temporary:
            np.savez_compressed(temporary, data_sha256=np.array(data_sha256), answers=answers.astype(np.float16))

    def read_answers(self, data_sha256: str) -> npt.NDArray[np.float32] | None:
        """Return the teachers' answers, or None when none are stored yet.

        Raises:
            RecipeError: the file is damaged, or belongs to other training images.
        """
        if not self.answers.is_file():
            return None
        try:
            with _open_arrays(self.answers) as stored:
                belongs = str(stored["data_sha256"]) == data_sha256
                answers: npt.NDArray[np.float32] = stored["answers"].astype(np.float32)
        except Exception as error:  # as for the checkpoint
            raise RecipeError(
                f"{self.answers} is damaged ({_reason(error)}); delete it to ask the teachers again."
            ) from error
        if not belongs:
            raise RecipeError(f"{self.answers} belongs to other training images; delete it to ask the teachers again.")
        return answers


@contextmanager
def _open_arrays(path: Path) -> Iterator[NpzFile]:
    """Open a file of arrays for reading.

    Raises:
        ValueError: it unpacks to more than a file of its size may.
    """
    with zipfile.ZipFile(path) as archive:
        if bomb := find_bomb(archive, path):
            raise ValueError(f"{bomb.filename} unpacks to {bomb.file_size:,} bytes, too many for a file of this size")
    with np.load(path, allow_pickle=False) as stored:
        yield stored


def _find_copies(arrays: dict[str, npt.NDArray[np.generic]]) -> dict[str, str]:
    """Return name -> name of an earlier array of the same content: without averaging, weights would be stored twice."""
    first: dict[tuple[str, tuple[int, ...], bytes], str] = {}
    copies = {}
    for name, array in arrays.items():
        content = (array.dtype.str, array.shape, hashlib.sha256(array.tobytes()).digest())
        if (earlier := first.setdefault(content, name)) != name:
            copies[name] = earlier
    return copies


def _reason(error: Exception) -> str:
    """Return what an error says, on one line; some say nothing."""
    return str(error).partition("\n")[0][:100] or type(error).__name__


def _history_csv(history: list[EpochRow]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, [column.name for column in fields(EpochRow)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in history)
    return text.getvalue().encode()
