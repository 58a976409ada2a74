"""What the runtime adds to the bare interpreter stays little, counted instead of timed: a count never wavers.

`make benchmark-runtime` measures the promises of docs/performance.md in microseconds, on a quiet machine.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fer_edge.runtime import EmotionClassifier

ROOT = Path(__file__).parent.parent.parent


def calls_of(work: Callable[[], object]) -> int:
    """Return how many functions, of Python and of C, are called by `work` and all that it calls."""
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    work()  # what is made ready once does not count
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def test_a_prediction_makes_few_calls() -> None:
    """23 calls for a crop, of which the interpreter makes 10 itself, and 25 for a region; 12 for a face of a batch."""
    crops = np.random.default_rng(0).integers(0, 256, (32, 48, 48, 1), dtype=np.uint8)
    region = np.random.default_rng(1).integers(0, 256, (480, 640, 3), dtype=np.uint8)[100:300, 220:420]
    with EmotionClassifier() as classifier:
        assert calls_of(lambda: classifier.predict(crops[0])) <= 30
        assert calls_of(lambda: classifier.predict(region)) <= 33
        assert calls_of(lambda: classifier.predict_batch(crops)) <= 18 * len(crops)


def test_crop_is_not_copied_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter is handed the caller's own pixels, and copies them into its input."""
    handed: list[np.ndarray] = []
    crop = np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)
    with EmotionClassifier() as classifier:
        interpreter = classifier._interpreter
        set_tensor = interpreter.set_tensor
        monkeypatch.setattr(
            interpreter, "set_tensor", lambda index, value: handed.append(value) or set_tensor(index, value)
        )
        classifier.predict(crop)
        classifier.predict_batch([crop])
        classifier.predict_batch(crop[np.newaxis])
    assert [np.shares_memory(value, crop) for value in handed] == [True, True, True]


def test_starting_loads_nothing_that_an_app_without_a_camera_needs() -> None:
    """Each would cost a device megabytes or milliseconds for nothing."""
    program = (
        "import sys\nimport numpy as np\nfrom fer_edge.runtime import EmotionClassifier\n"
        "EmotionClassifier().predict(np.zeros((48, 48), np.uint8))\n"
        "heavy = {'cv2', 'pathlib', 'hashlib', '_hashlib', '_ssl', 'zipfile', 'shutil', 'fer_edge.runtime.faces',\n"
        "         'fer_edge.stream.emotion_stream', 'fer_edge.stream.records'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    # Without `site`, because an editable install's hooks load half of the standard library.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    command = [sys.executable, "-S", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "[]"
