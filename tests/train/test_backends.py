"""Training runs on each of Keras's backends, resumes exactly on each, and a run can go from one to another."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from backend_run import tiny_config, tiny_faces, train_in

from fer_edge.cli.shared import import_keras, load_tensorflow
from fer_edge.errors import FerEdgeError
from fer_edge.kerasfile.load import load_keras, predict_keras

PROGRAM = Path(__file__).with_name("backend_run.py")


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_backend_trains_resumes_and_continues_a_run_of_tensorflow(backend: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    foreign = tmp_path / "begun_on_tensorflow"
    train_in(foreign, tiny_config(), epochs=2)
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(tmp_path), str(foreign)],
        env={**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["backend"] == backend
    assert told["equal"], "the resumed run ended elsewhere"
    assert backend in told["versions"]
    assert all(np.isfinite(told["continued"]))
    network = load_keras(tmp_path / "whole/model.keras").network  # on TensorFlow, which converts it
    assert predict_keras(network, tiny_faces().images).shape == (56, 7)


def test_a_backend_that_is_missing_or_cannot_train_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", None)  # what an absent module looks like to import
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(FerEdgeError, match=r"JAX is not installed .*pip install jax.*unset KERAS_BACKEND"):
        import_keras(announce=False)
    monkeypatch.setenv("KERAS_BACKEND", "openvino")
    with pytest.raises(FerEdgeError, match="'openvino'; expected tensorflow, jax, torch"):
        import_keras(announce=False)
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    with pytest.raises(FerEdgeError, match="only training runs on other backends"):
        load_tensorflow(announce=False)
