"""The self-test of a model, in a process of its own: what crashes, hangs or answers nonsense ends only that process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

import numpy as np

from fer_edge.errors import FerEdgeError, ModelError
from fer_edge.firmware.selftest import selftest_face
from fer_edge.runtime.classifier import EmotionClassifier

ENTRY = "selftest"
"""Of the metadata: `scores`, what the model answered to `selftest_face` where it was signed."""

TOLERANCE = 0.1
"""Of a score. Kernels round int8 differently, by up to 8/256 as measured; a wrong kernel is off by far more."""

MAX_SECONDS = 60.0
"""For a whole trial; a slow board needs a few of them to start Python."""


def answer_selftest(classifier: EmotionClassifier) -> list[float]:
    """Return the probabilities of the self-test's face, as signing stores them."""
    return [round(float(share), 4) for share in classifier.predict(selftest_face()).probabilities]


def check_answers(classifier: EmotionClassifier) -> None:
    """Check that a model answers as it did where it was signed, and not the same to everything.

    Raises:
        ModelError: it does not.
    """
    answers = answer_selftest(classifier)
    others = [np.full((48, 48), grey, np.uint8) for grey in (0, 255)] + [selftest_face()[::-1]]
    if all(np.array_equal(classifier.predict(other).probabilities.round(4), answers) for other in others):
        raise ModelError("it answers the same to every picture")
    stated = classifier.metadata.content.get(ENTRY)
    if stated is None:
        return
    expected = stated.get("scores") if isinstance(stated, dict) else None
    try:
        off = float(np.abs(np.asarray(expected, np.float64) - answers).max())
    except (TypeError, ValueError) as error:
        raise ModelError("the answers that it was signed with cannot be read") from error
    if not off <= TOLERANCE:
        raise ModelError(f"a score of its self-test is off by {off:.2f} from where it was signed")


class Trial:
    """A self-test that runs beside the work; ask `verdict` from time to time.

    Args:
        model: the bytes of a model file whose signature is checked already.
    """

    def __init__(self, model: bytes) -> None:
        self._deadline = time.monotonic() + MAX_SECONDS
        with tempfile.TemporaryFile() as given:  # not a pipe: it would hold us up until the process reads
            given.write(model)
            given.seek(0)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "fer_edge.runtime.trial"],
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                errors="replace",
            )

    def verdict(self) -> str | None:
        """Return None while it runs, "" when the model has passed, else why it has not, in words."""
        code = self._process.poll()
        if code is None:
            if time.monotonic() < self._deadline:
                return None
            self.close()
            return f"its self-test did not end within {MAX_SECONDS:.0f} s"
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            said = stream.read().strip()
        if code == 0:
            return ""
        return said if code == 1 and said else f"its self-test crashed (exit code {code})"

    def wait(self) -> str:
        """Return the verdict, when it is there."""
        while (verdict := self.verdict()) is None:
            time.sleep(0.02)
        return verdict

    def close(self) -> None:
        """End the process, if it still runs."""
        self._process.kill()
        self._process.wait()


def main() -> int:
    """Test the model on stdin; print why it fails."""
    if hasattr(os, "nice"):
        os.nice(10)  # the watch goes on beside it
    try:
        with EmotionClassifier(sys.stdin.buffer.read()) as classifier:
            check_answers(classifier)
    except FerEdgeError as error:
        sys.stdout.write(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
