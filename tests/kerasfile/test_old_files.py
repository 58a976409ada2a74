"""Keras files of every age load, and answer as the network that was saved."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

h5py = pytest.importorskip("h5py")

from fer_edge.errors import ModelError  # noqa: E402
from fer_edge.kerasfile.load import open_keras  # noqa: E402

layers = keras.layers
FACES = np.random.default_rng(0).random((3, 48, 48, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((48, 48, 1)),
            layers.DepthwiseConv2D(3, strides=4, depth_multiplier=2, activation="relu", name="dw"),
            layers.Flatten(name="flat"),
            layers.Dense(7, activation="softmax", name="out"),
        ]
    )


def as_keras_2(network: keras.Model, path: Path, *, form: str, weights_only: bool = False) -> dict:
    """Write a network as Keras 2 did: its own words for the configuration, weights by layer; return the former."""
    stack = [{"class_name": type(layer).__name__, "config": layer.get_config()} for layer in network.layers]
    for layer in stack:
        layer["config"] = {
            key: value
            for key, value in layer["config"].items()
            if not isinstance(value, dict) and key != "quantization_config"
        }
    stack[0]["config"] |= {"batch_input_shape": [None, 48, 48, 1], "groups": 1, "dtype": "float32"}
    config = {"class_name": "Sequential", "config": {"name": "old", "layers": stack}}
    if form == "list":
        config["config"] = stack
    with h5py.File(path, "w") as file:
        group = file if weights_only else file.create_group("model_weights")
        if not weights_only:
            file.attrs["model_config"] = json.dumps(config).encode()
        group.attrs["layer_names"] = [layer.name.encode() for layer in network.layers]
        for layer in network.layers:
            inside = group.create_group(layer.name)
            inside.attrs["weight_names"] = [f"{layer.name}/{weight.name}:0".encode() for weight in layer.weights]
            for weight in layer.weights:
                inside.create_dataset(f"{layer.name}/{weight.name}:0", data=np.asarray(weight))
    return config


def answers(network: keras.Model) -> np.ndarray:
    return network.predict(FACES, verbose=0)


@pytest.mark.parametrize("form", ["dictionary", "list"])
@pytest.mark.parametrize("name", ["old.h5", "old.hdf5", "old.keras", "old.bin"])
def test_keras_2(network: keras.Model, form: str, name: str, tmp_path: Path) -> None:
    as_keras_2(network, tmp_path / name, form=form)
    np.testing.assert_allclose(answers(open_keras(tmp_path / name).network), answers(network), atol=1e-6)


def test_weights_with_an_architecture(network: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = as_keras_2(network, tmp_path / "weights.h5", form="dictionary", weights_only=True)
    with pytest.raises(ModelError, match="--architecture"):
        open_keras(tmp_path / "weights.h5")
    (tmp_path / "old.json").write_text(json.dumps(config))
    (tmp_path / "new.json").write_text(network.to_json())
    (tmp_path / "twice.json").write_text(json.dumps(network.to_json()))
    for name in ("old.json", "new.json", "twice.json"):
        found = open_keras(tmp_path / "weights.h5", str(tmp_path / name)).network
        np.testing.assert_allclose(answers(found), answers(network), atol=1e-6)
    (tmp_path / "mynet.py").write_text(
        f"import keras\n\ndef build():\n    return keras.models.model_from_json({network.to_json()!r})\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    network.save_weights(tmp_path / "new.weights.h5")
    for weights in ("weights.h5", "new.weights.h5"):
        found = open_keras(tmp_path / weights, "mynet:build").network
        np.testing.assert_allclose(answers(found), answers(network), atol=1e-6)
    for wrong, said in (("mynet:nothing", "nothing"), ("nowhere:build", "nowhere"), ("json:dumps", "dumps")):
        with pytest.raises((ModelError, TypeError), match=said):
            open_keras(tmp_path / "weights.h5", wrong)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
def test_other_precisions_become_float32(policy: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(2)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        inputs = keras.Input((48, 48, 1))
        x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(inputs))
        keras.Model(inputs, layers.Dense(7, activation="softmax")(x)).save(tmp_path / "half.keras")
    finally:
        keras.config.set_dtype_policy(before)
    found = open_keras(tmp_path / "half.keras").network
    assert {layer.compute_dtype for layer in found.layers} == {"float32"}
    assert answers(found).dtype == np.float32


def test_weights_that_are_not_finite(network: keras.Model, tmp_path: Path) -> None:
    copy = keras.models.clone_model(network)
    copy.layers[-1].set_weights([np.full((288, 7), np.nan, np.float32), np.zeros(7, np.float32)])
    copy.save(tmp_path / "nan.keras")
    with pytest.raises(ModelError, match="not finite"):
        open_keras(tmp_path / "nan.keras")


def test_a_saved_model(network: keras.Model, tmp_path: Path) -> None:
    network.export(tmp_path / "saved", verbose=False)
    found = open_keras(tmp_path / "saved").network
    np.testing.assert_allclose(answers(found), answers(network), atol=1e-6)
