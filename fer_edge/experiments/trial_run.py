"""One trial: a run folder that `fer-edge train --resume` begins, goes on with, or finds finished."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from fer_edge.errors import OutputError, os_reason
from fer_edge.train.config import TrainConfig
from fer_edge.train.run import RunFolder

LOG = "trial.log"
"""What the training said, in the run folder."""


@dataclass(frozen=True)
class Trial:
    """One choice with one seed."""

    choice: str
    config: TrainConfig
    run: RunFolder

    @property
    def name(self) -> str:
        """What to call it."""
        return f"{self.choice}, seed {self.config.seed}"

    @property
    def finished(self) -> bool:
        """Whether it is trained: the metrics are the last that a run writes of its results."""
        return self.run.metrics.is_file()

    def prepare(self) -> None:
        """Write the recipe, from which training begins.

        Raises:
            OutputError: the folder holds another recipe's run, so that it would be resumed as what it is not.
        """
        if not self.run.recipe.exists():
            self.run.write_recipe(self.config)
            return
        theirs, ours = asdict(self.run.read_recipe()), asdict(self.config)
        changed = [name for name in ours if ours[name] != theirs[name]]
        if changed:
            raise OutputError(
                f"{self.run.path} was begun with another '{changed[0]}': choose another --out, or remove that folder."
            )


@dataclass(frozen=True)
class Training:
    """What the trainings of all trials have in common.

    Attributes:
        options: of `fer-edge train`, with absolute paths.
        environment: variables, such as how many threads TensorFlow may use.
        folder: where relative paths of recipes start.
    """

    options: tuple[str, ...]
    environment: dict[str, str]
    folder: str


Engine = Callable[[Sequence[Trial]], Generator[tuple[Trial, str | None], None, None]]
"""Trains trials and yields each when it ends, with the reason if it failed: on one machine, or on a cluster."""


def train_trial(
    run: RunFolder, training: Training, started: Callable[[subprocess.Popen[bytes]], None] = lambda process: None
) -> str | None:
    """Train to the end in a process of its own, since TensorFlow gives no memory back; return why it failed, or None.

    `started` is called with the process.
    """
    arguments = ["train", "--resume", str(run.path.absolute()), *training.options]
    folder = training.folder if Path(training.folder).is_dir() else None
    try:
        with (run.path / LOG).open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "fer_edge", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                env={**os.environ, **training.environment},
            )
    except OSError as error:
        return f"{error.filename}: {os_reason(error)}; every machine needs fer-edge and must see --out."
    started(process)
    code = process.wait()
    return None if code == 0 else _reason(run.path / LOG, code)


def _reason(log: Path, code: int) -> str:
    """Return the sentence with which a training ended."""
    lines = log.read_text("utf-8", "replace").splitlines()
    said = next((line for line in reversed(lines) if line.startswith("Error: ")), "")
    how = f"signal {-code} ended the training" if code < 0 else f"the training ended with code {code}"
    return said.removeprefix("Error: ") or f"{how}; {log} holds what it said."
