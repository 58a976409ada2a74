"""Ranges, layers left in float, the ranking of layers, and the sweep over calibration images."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from helpers import labelled_faces, smooth_faces

from fer_edge.convert.converter import Converter
from fer_edge.convert.fidelity import FidelitySet
from fer_edge.convert.flatbuffer import quantise
from fer_edge.convert.images import Fer2013Images, UnlabelledImages, public_images
from fer_edge.convert.isolation import calibrate, to_flatbuffer
from fer_edge.convert.layer_errors import IDEAL, rank_layers
from fer_edge.convert.recipes import RECIPES, ConversionRecipe
from fer_edge.convert.sweep import sweep_calibration
from fer_edge.errors import DataError, ModelError
from fer_edge.kerasfile.load import load_keras
from fer_edge.kerasfile.prepare import PreparedModel, prepare
from fer_edge.output.charts import plot_sweep
from fer_edge.runtime.interpreter import import_interpreter, load_interpreter

INT8 = RECIPES["int8"]
SHAPE = (48, 48, 1)


@pytest.fixture(scope="module")
def model(model_files: dict[str, Path]) -> PreparedModel:
    return prepare(load_keras(model_files["keras"]))


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Smooth faces, and one of hard noise that drives the activations far out."""
    noise = (np.random.default_rng(1).random((1, *SHAPE)) > 0.5).astype(np.uint8) * 255
    return np.concatenate([smooth_faces(19), noise])


def scales(flatbuffer: bytes) -> dict[str, float]:
    details = load_interpreter(flatbuffer, threads=1).get_tensor_details()
    return {tensor["name"]: tensor["quantization"][0] for tensor in details if tensor["quantization"][0]}


def with_percentile(percentile: float) -> ConversionRecipe:
    return dataclasses.replace(INT8, statistic="percentile", percentile=percentile)


def dense_scales(flatbuffer: bytes) -> int:
    """Return how many scales the weights of the one dense layer have: the only int8 matrix of seven rows."""
    # As the file says: once its tensors are allocated, XNNPACK repeats a single scale.
    details = import_interpreter()[1].Interpreter(model_content=flatbuffer).get_tensor_details()
    (weights,) = [
        tensor
        for tensor in details
        if tensor["dtype"] is np.int8 and len(tensor["shape"]) == 2 and tensor["shape"][0] == 7
    ]
    return len(weights["quantization_parameters"]["scales"])


@pytest.mark.parametrize("statistic", ["minmax", "percentile"])  # by the converter as a whole, and by stages
def test_dense_weights_have_one_scale_for_runtimes_that_read_only_the_first(
    model: PreparedModel, images: np.ndarray, statistic: str
) -> None:
    recipe = dataclasses.replace(INT8, statistic=statistic)
    assert dense_scales(to_flatbuffer(model.network, SHAPE, recipe, images)) == 1
    by_channel = dataclasses.replace(recipe, per_channel_dense=True)
    assert dense_scales(to_flatbuffer(model.network, SHAPE, by_channel, images)) == 7


def test_staged_quantisation_is_that_of_the_converter(model: PreparedModel, images: np.ndarray) -> None:
    """Minimum and maximum found by ourselves are the converter's own, so scales are equal, except where
    it measures too much: before an addition that writes over its input, it takes the sum's maximum too."""
    whole = scales(to_flatbuffer(model.network, SHAPE, INT8, images))
    assert scales(quantise(calibrate(model.network, SHAPE, INT8, images), INT8, [])) == whole
    pinned = np.concatenate([images, np.zeros_like(images[:1]), np.full_like(images[:1], 255)])
    hundred = scales(to_flatbuffer(model.network, SHAPE, with_percentile(100), pinned))
    same = [name for name in whole if "conv2" not in name]
    assert len(same) >= len(whole) // 2
    assert [hundred[name] for name in same] == pytest.approx([whole[name] for name in same], rel=1e-5)
    assert all(hundred[name] <= whole[name] * (1 + 1e-5) for name in whole)


def test_percentiles_narrow_the_ranges_but_not_the_input(model: PreparedModel, images: np.ndarray) -> None:
    whole = scales(to_flatbuffer(model.network, SHAPE, INT8, images))
    clipped = scales(to_flatbuffer(model.network, SHAPE, with_percentile(90), images))
    activations = [name for name in whole if "Relu" in name or "Add" in name]
    assert activations
    assert all(clipped[name] < whole[name] for name in activations)


def test_layers_are_ranked_and_can_stay_in_float(model: PreparedModel, images: np.ndarray) -> None:
    calibrated = calibrate(model.network, SHAPE, INT8, images)
    layers = rank_layers(calibrated, INT8, images[:5])
    assert [layer.steps for layer in layers] == sorted((layer.steps for layer in layers), reverse=True)
    assert all(0 <= layer.steps < 100 * IDEAL for layer in layers)
    worst = layers[0].name
    left = quantise(calibrated, INT8, [worst])
    dtypes = {tensor["name"]: tensor["dtype"] for tensor in load_interpreter(left, threads=1).get_tensor_details()}
    assert dtypes[worst] is np.float32
    assert load_interpreter(left, threads=1).get_input_details()[0]["quantization"] == (1.0, 0)
    # A recipe that names the layer gives the same model.
    recipe = dataclasses.replace(INT8, float_layers=[worst])
    assert scales(to_flatbuffer(model.network, SHAPE, recipe, images)) == scales(left)
    with pytest.raises(ModelError, match="no layer 'nowhere'"):
        quantise(calibrated, INT8, ["nowhere"])


def test_dynamic_holds_8_bit_weights_and_answers_as_keras(model: PreparedModel, images: np.ndarray) -> None:
    converter = Converter(model, held_out=FidelitySet(images, None, "smooth"))
    conversion = converter.convert(RECIPES["dynamic"])
    assert conversion.fidelity is not None
    assert conversion.fidelity.largest_difference < 0.05
    assert converter.convert(RECIPES["dynamic"]).content == conversion.content


def test_sweep_compares_all_draws_on_the_same_images(model: PreparedModel, tmp_path: Path) -> None:
    splits = {"train": labelled_faces(70, split="train", seed=1), "public": labelled_faces(21, seed=2)}
    titles = []

    def step(title: str):
        titles.append(title)
        return __import__("contextlib").nullcontext()

    source = Fer2013Images(splits)
    points = sweep_calibration(model, INT8, source, sizes=[7, 28], seeds=2, limit=14, step=step)
    assert [(point.size, point.seed) for point in points] == [(7, 0), (7, 1), (28, 0), (28, 1)]
    assert {point.fidelity.images for point in points} == {14}
    assert "FER2013 split 'public', 14 of its images" in points[0].fidelity.source
    assert any("28 images, seed 1" in title for title in titles)
    plot_sweep(tmp_path / "sweep.png", points, "tiny")
    assert (tmp_path / "sweep.png").read_bytes().startswith(b"\x89PNG")


def test_held_out_images_are_never_calibrated_on() -> None:
    train = labelled_faces(70, split="train", seed=1)
    source = Fer2013Images({"train": train})
    drawn = [source.calibration(dataclasses.replace(INT8, calibration_size=14, seed=seed)) for seed in (0, 1)]
    held_out = source.held_out(drawn)
    taken = {image.tobytes() for calibration in drawn for image in calibration.images}
    assert not taken & {image.tobytes() for image in held_out.images}
    assert len(held_out.images) + len(taken) == 70
    assert held_out.labelled is not None


def test_a_split_that_is_calibrated_on_does_not_compare() -> None:
    splits = {
        name: labelled_faces(35, split=name, seed=seed) for seed, name in enumerate(("train", "public", "private"))
    }
    source = Fer2013Images(splits)
    drawn = source.calibration(dataclasses.replace(INT8, calibration_size=14, split="public"))
    assert source.held_out([drawn]).source == "FER2013 split 'private'"
    assert source.held_out([]).source == "FER2013 split 'public'"


def test_pictures_are_split_between_calibration_and_comparison(images: np.ndarray) -> None:
    source = UnlabelledImages(images, "pictures of holiday")
    drawn = source.calibration(dataclasses.replace(INT8, calibration_size=12))
    assert len(source.held_out([drawn]).images) == 8
    assert len(source.held_out([drawn], limit=3).images) == 3
    with pytest.raises(DataError, match="from 1 to 19"):
        source.calibration(INT8)


def test_public_faces_calibrate_and_compare() -> None:
    pytest.importorskip("skimage")
    source = public_images()
    drawn = source.calibration(INT8)
    assert (len(drawn.images), len(source.held_out([drawn]).images)) == (50, 50)
