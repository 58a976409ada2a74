"""The real converter on small networks: contract, determinism, and what it refuses."""

import keras
import numpy as np
import pytest
from helpers import smooth_faces

from fer_edge.convert.calibration import CalibrationSet
from fer_edge.convert.converter import Converter
from fer_edge.convert.fidelity import FidelitySet, exceeds, measure_fidelity
from fer_edge.convert.recipes import RECIPES, ConversionRecipe, find_recipe
from fer_edge.errors import ModelError, RecipeError
from fer_edge.kerasfile.load import KerasModel, load_keras
from fer_edge.modelfile.metadata import read_model
from fer_edge.modelfile.provenance import store_training
from fer_edge.runtime import EmotionClassifier
from fer_edge.runtime.interpreter import load_interpreter
from fer_edge.train.models import build_model
from fer_edge.types import LABELS, LabelledImages

# Operators that only move or re-label data; every other one must compute in 8 bits.
INTEGER_TYPES = {np.int8, np.uint8, np.int32}


def convert(model: KerasModel, recipe: ConversionRecipe, calibration: CalibrationSet | None = None) -> bytes:
    return Converter(model, calibration=calibration).convert(recipe).content


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(3)
    return build_model("edge_cnn", widths=[8, 8, 8], blocks=[1, 1, 1], dropout=[0.2])


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    """Pixels 10..240 only: no image reaches black or white, as in a dim set of photographs."""
    return np.random.default_rng(0).integers(10, 241, (40, 48, 48, 1), dtype=np.uint8)


@pytest.fixture(scope="module")
def calibration(faces) -> CalibrationSet:
    return CalibrationSet(faces, "synthetic", None, None, tuple(range(len(faces))))


@pytest.fixture(scope="module")
def files(network, calibration) -> dict[str, bytes]:
    model = KerasModel(network, {"seed": 3})
    return {name: convert(model, recipe, calibration=calibration) for name, recipe in RECIPES.items()}


@pytest.mark.parametrize("name", RECIPES)
def test_every_variant_takes_raw_uint8_pixels(files, name) -> None:
    interpreter = load_interpreter(read_model(files[name]).flatbuffer, threads=1)
    (details,) = interpreter.get_input_details()
    assert details["dtype"] is np.uint8
    assert list(details["shape"]) == [1, 48, 48, 1]
    assert details["quantization"] in ((0.0, 0), (1.0, 0))


def test_int8_is_integer_inside_with_scale_one_at_the_input(files) -> None:
    interpreter = load_interpreter(read_model(files["int8"]).flatbuffer, threads=1)
    (details,) = interpreter.get_input_details()
    assert details["quantization"] == (1.0, 0)
    floats = [tensor["name"] for tensor in interpreter.get_tensor_details() if tensor["dtype"] not in INTEGER_TYPES]
    assert floats == []


def test_float_variants_answer_as_keras_does(files, network, faces) -> None:
    expected = network.predict(faces.astype(np.float32), verbose=0)
    for name, tolerance in (("float32", 1e-5), ("float16", 5e-3)):
        with EmotionClassifier(files[name]) as classifier:
            got = np.stack([prediction.probabilities for prediction in classifier.predict_batch(faces)])
        np.testing.assert_allclose(got, expected, atol=tolerance)


def test_int8_answers_are_near_keras(files, network, faces) -> None:
    """An untrained network amplifies rounding; eight output steps of 1/256 catch a wrong scale,
    which would be off by tens of steps."""
    expected = network.predict(faces.astype(np.float32), verbose=0)
    with EmotionClassifier(files["int8"]) as classifier:
        got = np.stack([prediction.probabilities for prediction in classifier.predict_batch(faces)])
    assert np.abs(got - expected).max() < 8 / 256


def test_same_input_gives_identical_bytes(files, network, calibration) -> None:
    again = convert(KerasModel(network, {"seed": 3}), find_recipe("int8"), calibration=calibration)
    assert again == files["int8"]


def test_fidelity_says_what_the_conversion_cost(network, calibration, faces) -> None:
    labels = np.arange(len(faces), dtype=np.int64) % 7
    names = tuple(str(index) for index in range(len(faces)))
    labelled = LabelledImages(faces, labels, "public", names)
    images = FidelitySet(faces, labelled, "synthetic faces")
    converter = Converter(KerasModel(network, None), calibration=calibration, held_out=images)
    conversion = converter.convert(find_recipe("int8"))
    found = conversion.fidelity
    assert found is not None
    assert found.labelled is not None

    expected = network.predict(faces.astype(np.float32), verbose=0)
    with EmotionClassifier(conversion.content) as classifier:
        got = np.stack([prediction.probabilities for prediction in classifier.predict_batch(faces)])
    flipped = np.flatnonzero(expected.argmax(axis=1) != got.argmax(axis=1))
    assert found.flipped == tuple(flipped)
    assert found.agreement == pytest.approx(1 - len(flipped) / len(faces))
    assert found.largest_difference == pytest.approx(np.abs(expected - got).max(), abs=1e-6)
    assert found.labelled.drop == pytest.approx(found.labelled.accuracy_keras - found.labelled.accuracy)
    assert read_model(conversion.content).metadata.content["fidelity"]["agreement"] == found.agreement


def test_drop_beyond_the_limit_is_noticed() -> None:
    labels = np.zeros(100, np.int64)
    images = np.zeros((100, 48, 48, 1), np.uint8)
    labelled = LabelledImages(images, labels, "public", tuple(map(str, labels)))
    right = np.eye(7, dtype=np.float32)[labels]
    worse = right.copy()
    worse[:3] = np.eye(7, dtype=np.float32)[1]
    found = measure_fidelity(right, worse, FidelitySet(images, labelled, "zeros"))
    assert found.flipped == (0, 1, 2)
    assert exceeds(found, 2.0)
    assert not exceeds(found, 3.1)
    assert found.labelled is not None
    assert found.labelled.recall_change["angry"] == pytest.approx(-0.03)


def test_metadata_travels_in_the_file(files) -> None:
    content = read_model(files["int8"]).metadata.content
    assert content["labels"] == list(LABELS)
    assert content["input"]["dtype"] == "uint8"
    assert content["calibration"]["count"] == 40
    assert content["calibration"]["indices"] == list(range(40))
    assert content["training"] == {"seed": 3}
    assert "tensorflow" in content["versions"]
    assert read_model(files["float16"]).metadata.content["calibration"] is None


def test_flatbuffer_stays_untouched(files) -> None:
    file = read_model(files["float32"])
    assert files["float32"].startswith(file.flatbuffer)
    assert len(file.flatbuffer) == file.metadata.content["flatbuffer_bytes"]


def test_other_normalisation_keeps_raw_pixels_at_the_input(calibration) -> None:
    inputs = keras.Input((48, 48, 1))
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 127.5, -1)(inputs))
    outputs = keras.layers.Dense(7, activation="softmax")(pooled)
    model = KerasModel(keras.Model(inputs, outputs, name="other"), None)
    files = convert(model, find_recipe("int8"), calibration=calibration)
    details = load_interpreter(read_model(files).flatbuffer, threads=1).get_input_details()[0]
    assert details["quantization"] == (1.0, 0)


def test_unsupported_operator_is_named(calibration) -> None:
    inputs = keras.Input((48, 48, 1))
    spectrum = keras.layers.Lambda(lambda x: keras.ops.real(keras.ops.fft2((x, keras.ops.zeros_like(x)))[0]))(inputs)
    outputs = keras.layers.Dense(7, activation="softmax")(keras.layers.GlobalAveragePooling2D()(spectrum))
    with pytest.raises(ModelError, match=r"no operator for tf\.\w+"):
        convert(KerasModel(keras.Model(inputs, outputs), None), find_recipe("int8"), calibration=calibration)


def test_integer_recipe_needs_calibration(network) -> None:
    with pytest.raises(ValueError, match="calibration"):
        convert(KerasModel(network, None), find_recipe("int8"))


def test_unknown_recipe() -> None:
    with pytest.raises(RecipeError, match="float32, float16, dynamic, int8"):
        find_recipe("int4")


def test_keras_file_carries_its_training_record(network, tmp_path) -> None:
    path = tmp_path / "model.keras"
    network.save(path)
    assert load_keras(path).training is None
    store_training(path, {"seed": 7})
    assert load_keras(path).training == {"seed": 7}


@pytest.mark.parametrize("content", [b"", b"not a model", None], ids=["empty", "text", "cut in half"])
def test_damaged_keras_file(network, tmp_path, content) -> None:
    path = tmp_path / "model.keras"
    network.save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] if content is None else content)
    with pytest.raises(ModelError, match=r"empty|no Keras network|cut off"):
        load_keras(path)


@pytest.mark.parametrize(("shape", "classes"), [((64, 64, 1), 7), ((48, 48, 3), 7), ((48, 48, 1), 8)])
def test_other_shapes_are_refused(tmp_path, shape, classes) -> None:
    inputs = keras.Input(shape)
    outputs = keras.layers.Dense(classes)(keras.layers.GlobalAveragePooling2D()(inputs))
    path = tmp_path / "model.keras"
    keras.Model(inputs, outputs).save(path)
    with pytest.raises(ModelError, match="expected"):
        load_keras(path)


@pytest.mark.parametrize("name", RECIPES)
def test_committed_fixtures_are_what_the_converter_makes(name: str, model_files, converted_tiny) -> None:
    """Run `python -m tools.generate.fixture_models` where this fails and the change is meant to be."""
    committed, made = read_model(model_files[name]), read_model(converted_tiny[name])
    assert committed.metadata.content.keys() == made.metadata.content.keys()
    with EmotionClassifier(model_files[name]) as old, EmotionClassifier(converted_tiny[name]) as new:
        for face in smooth_faces(20, seed=9):
            # Another converter may round another way: a step of the int8 outputs, or the last digits of floats.
            np.testing.assert_allclose(
                new.predict(face).probabilities, old.predict(face).probabilities, atol=1.01 / 256
            )


@pytest.fixture(scope="module")
def converted_tiny() -> dict[str, bytes]:
    from tools.generate.fixture_models import convert_tiny

    return convert_tiny()
