"""The baselines: their published sizes, and the whole way of each, from a recipe to an inspected file."""

import keras
import numpy as np
import pytest
from helpers import labelled_faces

from fer_edge.convert.calibration import CalibrationSet
from fer_edge.convert.converter import Converter
from fer_edge.convert.recipes import RECIPES, find_recipe
from fer_edge.kerasfile.load import KerasModel, load_keras
from fer_edge.runtime import EmotionClassifier
from fer_edge.runtime.inspection import examine
from fer_edge.train.baselines import BASELINES, mini_xception
from fer_edge.train.config import load_recipe
from fer_edge.train.finish import finish_run
from fer_edge.train.run import RunFolder
from fer_edge.train.temperature import fold_temperature
from fer_edge.train.trainer import train

# Of the published networks with 1,000 classes and three channels, less what seven and one save.
PARAMETERS = {
    "mini_xception": 58_423,
    "vgg16": 138_357_544 - (25_088 - 512) * 4096 - 993 * 4097 - 2 * 9 * 64,
    "resnet50": 25_636_712 - 993 * 2049 - 2 * 49 * 64,
    "efficientnet_b0": 5_330_571 - 993 * 1281 - 2 * 9 * 32 - 2 * 2,
}


class Silent:
    def on_answers(self, *_: object) -> None: ...
    def on_step(self, *_: object) -> None: ...
    def on_epoch(self, row: object) -> None: ...


def calibration(count: int = 8) -> CalibrationSet:
    return CalibrationSet(labelled_faces(count).images, "synthetic", None, None, tuple(range(count)))


@pytest.mark.parametrize("name", BASELINES)
def test_baseline_has_its_published_size_and_takes_raw_pixels(name: str) -> None:
    network = BASELINES[name]()
    assert network.name == name
    assert network.count_params() == PARAMETERS[name]
    assert network.input_shape == (None, 48, 48, 1)
    probabilities = network(labelled_faces(2).images.astype(np.float32), training=False).numpy()
    np.testing.assert_allclose(probabilities.sum(axis=1), [1, 1], rtol=1e-5)


@pytest.mark.parametrize("name", BASELINES)
def test_baseline_scales_the_pixels_itself(name: str) -> None:
    """What enters the first convolution lies between 0 and 1."""
    network = BASELINES[name]()
    first = next(layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D))
    entrance = keras.Model(network.input, first.input)
    scaled = entrance(np.full((1, 48, 48, 1), 255, np.float32)).numpy()
    assert scaled.max() == pytest.approx(1)
    assert entrance(np.zeros((1, 48, 48, 1), np.float32)).numpy().max() == 0


def test_temperature_is_folded_into_a_convolution_that_is_averaged() -> None:
    network = mini_xception()
    pixels = labelled_faces(6).images.astype(np.float32)
    before = np.log(network.predict(pixels, verbose=0))
    fold_temperature(network, 2.0)
    after = np.log(network.predict(pixels, verbose=0))
    np.testing.assert_allclose(np.diff(after), np.diff(before) / 2, atol=1e-5)


def test_network_without_a_softmax_has_no_temperature() -> None:
    network = keras.Sequential([keras.Input((4,)), keras.layers.Dense(7), keras.layers.ReLU(), keras.layers.ReLU()])
    with pytest.raises(ValueError, match="softmax"):
        fold_temperature(network, 2.0)


def test_mini_xception_is_converted_by_every_recipe(tmp_path) -> None:
    converter = Converter(KerasModel(mini_xception(), None), calibration=calibration())
    for recipe in RECIPES.values():
        path = tmp_path / f"{recipe.name}.tflite"
        path.write_bytes(converter.convert(recipe).content)
        assert 5e6 < examine(path, path.read_bytes()).cost.macs < 6e6
        with EmotionClassifier(path) as classifier:
            assert classifier.predict(labelled_faces(1).images[0]).probabilities.sum() == pytest.approx(1, abs=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mini_xception", "efficientnet_b0"])
def test_baseline_goes_the_whole_way(name: str, tmp_path) -> None:
    """One epoch on a few images, then int8: all of it integer, but for the softmax's ends.

    These two have the hard operators; VGG and ResNet have none that these lack, and take minutes.
    """
    run = RunFolder(tmp_path / name)
    config = load_recipe(name, {"epochs": 1, "batch_size": 14, "holdout": 0.2})
    splits = {"train": labelled_faces(35, split="train"), "public": labelled_faces(7, seed=1)}
    network = train(config, splits["train"], run, Silent())
    run.write_recipe(config)
    assert finish_run(config, splits, run, network)["public"].images == 7

    path = tmp_path / f"{name}.int8.tflite"
    path.write_bytes(Converter(load_keras(run.model), calibration=calibration()).convert(find_recipe("int8")).content)
    found = examine(path, path.read_bytes())
    assert found.verdict == "intact"
    assert (found.cost.inputs[0].scales, found.cost.inputs[0].zero_points) == ((1.0,), (0,))
    assert {tensor.dtype for operator in found.cost.operators for tensor in operator.outputs} == {"int8", "uint8"}
    with EmotionClassifier(path) as classifier:
        assert classifier.metadata.name == name
        classifier.predict(splits["public"].images[0])
