"""Networks of the user's own: model = "package.module:function"."""

from pathlib import Path

import numpy as np
import pytest
from helpers import random_faces

from fer_edge.errors import RecipeError
from fer_edge.train.config import load_recipe
from fer_edge.train.models import build_model
from fer_edge.train.session import Session
from fer_edge.train.temperature import ends_in_logits, fold_temperature

NETWORKS = """
import keras
from keras import layers


def build(widths=(4,), dropout=(0.0,)):
    x = pixels = keras.Input((48, 48, 1))
    x = layers.Rescaling(1 / 255)(x)
    for width in widths:
        x = layers.Conv2D(width, 3, 4, activation="relu")(x)
    x = layers.Dropout(dropout[0])(layers.GlobalAveragePooling2D()(x))
    return keras.Model(pixels, layers.Dense(7, activation="softmax")(x))


def two_layers():
    pixels = keras.Input((None, None, 1))
    x = layers.GlobalAveragePooling2D()(layers.Rescaling(1 / 255)(pixels))
    return keras.Model(pixels, layers.Softmax()(layers.Dense(7)(x)))


def doubled():
    pixels = keras.Input((None, None, 1))
    x = layers.GlobalAveragePooling2D()(layers.Rescaling(1 / 255)(pixels))
    dense = layers.Dense(7)(x)
    return keras.Model(pixels, layers.Softmax()(layers.ReLU()(dense)))


def logits():
    return keras.Sequential([keras.Input((48, 48, 1)), layers.Flatten(), layers.Dense(7)])


def eight():
    return keras.Sequential([keras.Input((48, 48, 1)), layers.Flatten(), layers.Dense(8, activation="softmax")])


class Subclass(keras.Model):
    pass


def number():
    return 7


def broken():
    return 1 / 0
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a module of networks, of a name that no other test has imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_networks.py").write_text(NETWORKS)
    return tmp_path


def build(name: str, **lists: list[float]):
    return build_model(name, **{"widths": [], "blocks": [], "dropout": [], **lists})


def test_function_gets_the_lists_that_the_recipe_sets() -> None:
    assert build("own_networks:build", widths=[4, 8], dropout=[0.5]).count_params() == 4 * 10 + 8 * 37 + 7 * 9
    assert build("own_networks:build").count_params() == 4 * 10 + 7 * 5


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("own_networks:none", "has no attribute 'none'"),
        ("no_such_module:build", "No module named 'no_such_module'"),
        ("own_networks:broken", "ZeroDivisionError"),
        ("own_networks:number", "returned int; expected a Keras 3 model"),
        ("own_networks:eight", "expected 7 probabilities per face"),
        ("own_networks:logits", "end the network in a softmax"),
        ("own_networks:Subclass", "starts with keras.Input"),
    ],
)
def test_networks_that_cannot_be_trained_are_told_at_once(name: str, expected: str) -> None:
    with pytest.raises(RecipeError, match=expected):
        build(name)


def test_own_network_takes_a_step() -> None:
    config = load_recipe("edge_cnn_s", {"model": "own_networks:build", "batch_size": 7, "jit_compile": False})
    session = Session(config)
    loss, _ = session.train_batch(
        random_faces(7), np.eye(7, dtype=np.float32), size=48, rate=0.1, rng=np.random.default_rng(0)
    )
    assert 0.5 < loss < 5


def test_sizes_that_a_network_does_not_take_are_told_at_once() -> None:
    changes = {"model": "own_networks:build", "image_sizes": [[0.0, 36], [0.5, 48]], "jit_compile": False}
    with pytest.raises(RecipeError, match=r"'image_sizes': expected 48 pixels alone.*got 36"):
        Session(load_recipe("edge_cnn_s", changes))


def test_temperature_is_folded_where_there_are_logits() -> None:
    network, pixels = build("own_networks:two_layers"), random_faces(6).astype(np.float32)
    assert ends_in_logits(network)
    before = np.log(network.predict(pixels, verbose=0))
    fold_temperature(network, 2.0)
    after = np.log(network.predict(pixels, verbose=0))
    np.testing.assert_allclose(np.diff(after), np.diff(before) / 2, atol=1e-5)
    assert not ends_in_logits(build("own_networks:doubled"))
