"""One peer: a process that classifies faces on request, and what was measured of it."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from tools.peers.environments import BUILD, ROOT, Environment, PeerError, last_line

PATIENCE_S = 900
"""How long a worker may take for one answer: a slow one classifies 3,589 faces in six minutes."""


@dataclass
class Peer:
    """A rival or one of ours, and what was measured of it.

    Attributes:
        name: in the table.
        environment: where it runs.
        arguments: of the worker.
        files: its weights.
        build: makes the files, where they do not come with the environment.
        untrained: what the table says instead of an accuracy, for random weights.
        failure: why it was not measured.
        file_bytes: size of its files.
        installed_mb: what its environment takes on the disk.
        start_s: from starting the process to the answer to a first face.
        memory_mb: peak resident memory after one face at a time.
        rounds_us: the times of one face each, by round.
        right: whether each image got the right answer.
    """

    name: str
    environment: Environment
    arguments: tuple[str, ...]
    files: tuple[Path, ...]
    build: Callable[[], None] | None = None
    untrained: str | None = None
    failure: str | None = None
    file_bytes: int = 0
    installed_mb: float = 0.0
    start_s: float = 0.0
    memory_mb: float = 0.0
    rounds_us: list[list[float]] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    _process: subprocess.Popen[str] | None = None

    @property
    def p50_us(self) -> float:
        """Median time of one face."""
        return median(sample for samples in self.rounds_us for sample in samples)

    def ratio_to(self, reference: Peer) -> float:
        """Return the median over the rounds of the time's ratio to another's in the same round."""
        pairs = zip(self.rounds_us, reference.rounds_us, strict=True)
        return median(median(mine) / median(other) for mine, other in pairs)

    def start(self) -> float:
        """Start the worker; return the seconds until it has answered a first face."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS")}
        # Ours runs as it is in this checkout, with what its installation brought.
        environment |= {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
        begin = time.perf_counter()
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [*self.environment.worker, *self.arguments],
                env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        if self._read() != "ready\n":
            raise PeerError(f"does not start: {last_line(self._log)}")
        return time.perf_counter() - begin

    def ask(self, request: str) -> Any:
        """Return the worker's answer to one request.

        Raises:
            PeerError: there is none.
        """
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(request + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # then there is nothing to read either
        line = self._read()
        if not line:
            raise PeerError(f"no answer to '{request.split(maxsplit=1)[0]}': {last_line(self._log)}")
        return json.loads(line)

    def peak_memory_mb(self) -> float:
        """Return the peak resident memory of the worker in MB of 1,000,000 bytes; Linux only."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6

    def stop(self) -> None:
        """End the worker, if there is one."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    @property
    def _log(self) -> Path:
        return BUILD / f"{self.name.replace('/', '_')}.log"

    def _read(self) -> str:
        """Return the worker's next line; empty where it has ended or takes too long."""
        assert self._process is not None
        assert self._process.stdout is not None
        timer = threading.Timer(PATIENCE_S, self._process.kill)
        timer.start()
        try:
            return self._process.stdout.readline()
        finally:
            timer.cancel()
