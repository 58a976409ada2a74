"""The parent's side of a measuring process."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from fer_edge.errors import FerEdgeError, ModelError


class MeasuringProcess:
    """A process that measures one model; see `fer_edge.benchmarks.worker` for the requests.

    Args:
        model: the file that it is about, for errors.
    """

    def __init__(self, model: Path) -> None:
        self._model = model
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with it
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fer_edge.benchmarks.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """Return the answer to one request.

        Raises:
            ModelError: fer-edge refused it there, for example a damaged model.
            FerEdgeError: the process died.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **request}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise FerEdgeError(f"Measuring {self._model} failed: {self._last_words()}.")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ModelError(answer["error"])
        return answer

    def close(self) -> None:
        """End the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # it died before it read the last request
                    pipe.close()
        self._process.wait()
        self._errors.close()

    def __enter__(self) -> MeasuringProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _last_words(self) -> str:
        code = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().strip().splitlines()
        return lines[-1] if code > 0 and lines else f"exit code {code}"
