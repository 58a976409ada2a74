"""A classifier in a forked process, with too many threads, or with a network that answers nonsense."""

from __future__ import annotations

import os
import time

import numpy as np
import pytest
from helpers import PATIENCE

from fer_edge.errors import ModelError
from fer_edge.runtime import EmotionClassifier

FACE = np.full((48, 48), 90, np.uint8)


@pytest.mark.parametrize("threads", [-1, 0, 257, 10**6, 2**31])
def test_impossible_numbers_of_threads(threads: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 256"):
        EmotionClassifier(threads=threads)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_predicts_though_a_thread_of_the_parent_held_the_lock() -> None:
    with EmotionClassifier() as classifier:
        expected = classifier.predict(FACE).label
        with classifier._lock:  # as another thread would, in the midst of a prediction
            child = os.fork()
            if child == 0:
                os._exit(0 if classifier.predict(FACE).label == expected else 1)
        assert _exit_code(child) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_threads_left_behind_by_a_fork_are_an_error() -> None:
    with EmotionClassifier(threads=2) as classifier:
        child = os.fork()
        if child == 0:
            try:
                classifier.predict(FACE)
            except ModelError:
                os._exit(7)
            os._exit(1)
        assert _exit_code(child) == 7


def _exit_code(child: int, seconds: float = PATIENCE) -> int:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(child, 9)
    os.waitpid(child, 0)
    raise AssertionError("the child hangs")


@pytest.mark.parametrize("answer", [[np.nan] * 7, [np.nan] + [0.1] * 6, [np.inf] * 7, [0] * 7, [1] * 7, [-1e30] * 7])
def test_nonsense_is_no_answer(answer: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    with EmotionClassifier("edge_cnn_s:float16") as classifier:
        monkeypatch.setattr(classifier, "_infer", lambda face: np.array([answer], np.float32))
        with pytest.raises(ModelError, match="no set of probabilities"):
            classifier.predict(FACE)
        with pytest.raises(ModelError, match="no set of probabilities"):
            classifier.predict_batch([FACE, FACE])
