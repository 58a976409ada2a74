"""Whatever the converter does to itself, the command ends in a sentence; and loops become int8 all the same."""

import os
import signal

import keras
import numpy as np
import pytest

from fer_edge.convert import isolation
from fer_edge.convert.calibration import CalibrationSet
from fer_edge.convert.converter import Converter
from fer_edge.convert.fidelity import FidelitySet
from fer_edge.convert.recipes import find_recipe
from fer_edge.convert.recurrent import recurrent_layers, unroll
from fer_edge.errors import ModelError
from fer_edge.kerasfile.load import KerasModel
from fer_edge.kerasfile.prepare import prepare
from fer_edge.modelfile.contract import InputRange

layers = keras.layers
UNIT = InputRange((0.0,), (1.0,))


def tiny(*middle: keras.layers.Layer) -> keras.Model:
    keras.utils.set_random_seed(3)
    x = inputs = keras.Input((48, 48, 1))
    for layer in (layers.AveragePooling2D(8), *middle):
        x = layer(x)
    return keras.Model(inputs, layers.Dense(7, activation="softmax")(x), name="tiny")


def test_a_crash_is_told_with_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the converter, since every version crashes on something else: it dies as a C++ abort does."""
    script = (
        "import os, sys; sys.stdin.buffer.read(1); print('W: thinking'); os.write(2, b'Check failed: x\\n'); os.abort()"
    )
    real = isolation.subprocess.Popen
    monkeypatch.setattr(isolation, "_worker", None)
    monkeypatch.setattr(
        isolation.subprocess, "Popen", lambda command, **options: real([command[0], "-c", script], **options)
    )
    model = prepare(KerasModel(tiny(layers.Flatten()), None), input_range=UNIT)
    with pytest.raises(ModelError, match=r"crashed on 'tiny' to float16 \(SIGABRT; its last words: Check failed: x\)"):
        Converter(model).convert(find_recipe("float16"))
    monkeypatch.setattr(isolation.subprocess, "Popen", real)
    assert Converter(model).convert(find_recipe("float16")).content, "the next conversion starts a new worker"


def test_a_killed_worker_is_replaced() -> None:
    model = prepare(KerasModel(tiny(layers.Flatten()), None), input_range=UNIT)
    first = Converter(model).convert(find_recipe("float16")).content
    assert isolation._worker is not None
    os.kill(isolation._worker._process.pid, signal.SIGKILL)
    isolation._worker._process.wait()
    assert Converter(model).convert(find_recipe("float16")).content == first


@pytest.mark.parametrize("kind", [layers.LSTM, layers.GRU])
def test_recurrent_layers_become_int8(kind: type[keras.layers.Layer]) -> None:
    """TensorFlow 2.21 dies of a segmentation fault on quantising their loops."""
    network = tiny(layers.Reshape((6, 6)), kind(4, name="reader"))
    assert [layer.name for layer in recurrent_layers(network)] == ["reader"]
    images = np.random.default_rng(0).integers(0, 256, (20, 48, 48, 1), dtype=np.uint8)
    calibration = CalibrationSet(images, "noise", None, None, tuple(range(20)))
    model = prepare(KerasModel(network, None), input_range=UNIT)
    converter = Converter(model, calibration=calibration, held_out=FidelitySet(images, None, "noise"))
    found = converter.convert(find_recipe("int8"))
    assert any("reader" in note for note in found.notes)
    assert found.fidelity is not None
    assert found.fidelity.largest_difference < 0.05


def test_loops_without_an_end_are_named_beforehand() -> None:
    inputs = keras.Input((None, 8, 1))
    x = layers.GRU(4, name="reader")(layers.Reshape((-1, 8))(inputs))
    network = keras.Model(inputs, layers.Dense(7, activation="softmax")(x), name="endless")
    with pytest.raises(ModelError, match=r"GRU 'reader'.*float16"):
        unroll(network)
