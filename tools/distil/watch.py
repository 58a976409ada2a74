"""What the trainings of teachers and students share: how they start, run side by side and tell of themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from tools.distil.faces import Faces
from tools.distil.fit import Reader, accuracy


def set_up(name: str) -> torch.device:
    """Return the GPU, or the processor where there is none, with the seed that belongs to the network's name."""
    torch.backends.cudnn.benchmark = True
    torch.set_float32_matmul_precision("high")
    torch.manual_seed(sum(name.encode()))
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def run_side_by_side(module: str, commands: Sequence[Sequence[str]]) -> None:
    """Run a module once with each list of arguments, all at the same time.

    Raises:
        SystemExit: one of them failed; all have ended then.
    """
    threads = str(max(1, (os.cpu_count() or 1) // len(commands)))
    shared = {**os.environ, "TORCHINDUCTOR_COMPILE_THREADS": threads, "OMP_NUM_THREADS": threads}
    children = [subprocess.Popen([sys.executable, "-m", module, *command], env=shared) for command in commands]
    codes = [child.wait() for child in children]
    if any(codes):
        raise SystemExit(f"{codes.count(0)} of {len(codes)} trainings ended well; exit codes {codes}.")


class Watch:
    """Tells now and then how a network in training reads the held-out faces, and keeps what it told."""

    def __init__(self, name: str, faces: Faces, batch: int) -> None:
        self._name = name
        self._faces = faces
        self._batch = batch
        self._reader: Reader | None = None
        self._log: list[list[float]] = []

    def reader(self, averaged: nn.Module) -> Reader:
        """Return what reads faces with the averaged network, which is compiled once."""
        self._reader = self._reader or Reader(averaged)
        return self._reader

    def tell(self, progress: float, steps: int, loss: float, averaged: nn.Module) -> None:
        """Print the share of the time, the steps, the loss and the held-out accuracy."""
        held = accuracy(self.reader(averaged).probabilities(self._faces.held_images), self._faces.held_labels)
        self._log.append([round(progress, 3), steps, round(loss, 4), round(held, 4)])
        print(
            f"{self._name:12} {progress:4.0%} {steps:6} steps, {self._epochs(steps):5.1f} epochs, loss {loss:.3f}, "
            f"held out {held:.2%}",
            flush=True,
        )

    def record(self, steps: int) -> dict[str, Any]:
        """Return the steps, the epochs that they are, and all that was told."""
        return {"steps": steps, "epochs": self._epochs(steps), "log": self._log}

    def _epochs(self, steps: int) -> float:
        return steps * self._batch / len(self._faces.labels)
