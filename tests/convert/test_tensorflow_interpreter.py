"""The interpreter inside TensorFlow, for machines that have no other."""

import sys
from pathlib import Path

import numpy as np
import pytest

from fer_edge.runtime import EmotionClassifier
from fer_edge.runtime.interpreter import import_interpreter


def test_tensorflow_gives_the_same_answers(
    monkeypatch: pytest.MonkeyPatch, model_files: dict[str, Path], faces: np.ndarray
) -> None:
    with EmotionClassifier(model_files["float32"]) as classifier:
        expected = [prediction.probabilities for prediction in classifier.predict_batch(faces)]
    monkeypatch.setenv("FER_EDGE_INTERPRETER", "tensorflow")
    assert import_interpreter()[0] == "tensorflow"
    with EmotionClassifier(model_files["float32"]) as classifier:
        found = [prediction.probabilities for prediction in classifier.predict_batch(faces)]
    assert "tensorflow.lite.python.interpreter" in sys.modules
    np.testing.assert_allclose(found, expected, atol=1e-5)
