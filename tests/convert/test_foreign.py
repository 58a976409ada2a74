"""Networks that fer-edge did not train: what is assumed of them, and that their files answer as they do."""

from pathlib import Path

import keras
import numpy as np
import pytest
from helpers import encode

from fer_edge.convert.calibration import CalibrationSet
from fer_edge.convert.converter import Conversion, Converter
from fer_edge.convert.fidelity import FidelitySet, predict_file
from fer_edge.convert.recipes import find_recipe
from fer_edge.data.fer2013 import CSV_LABELS
from fer_edge.errors import DataError, ModelError
from fer_edge.kerasfile.fit import fit_faces, read_pictures
from fer_edge.kerasfile.guess import scale
from fer_edge.kerasfile.load import KerasModel, open_keras
from fer_edge.kerasfile.normalisation import left_outside
from fer_edge.kerasfile.prepare import PreparedModel, prepare
from fer_edge.modelfile.contract import NAMED_RANGES, InputRange
from fer_edge.modelfile.metadata import read_model
from fer_edge.runtime import EmotionClassifier
from fer_edge.runtime.interpreter import load_interpreter
from fer_edge.types import LABELS, LabelledImages

layers = keras.layers


def conv_net(
    shape: tuple[int | None, ...],
    classes: int,
    *,
    first: list[keras.layers.Layer] | None = None,
    padding: str = "same",
    activation: str | None = "softmax",
) -> keras.Model:
    keras.utils.set_random_seed(5)
    inputs = x = keras.Input(shape)
    for layer in first or [layers.Rescaling(1 / 255)]:
        x = layer(x)
    x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(8, 3, padding=padding, use_bias=False)(x)))
    outputs = layers.Dense(classes, activation=activation)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, outputs, name="foreign")


def pictures(shape: tuple[int, int, int], count: int = 12) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (count, *shape), dtype=np.uint8)


def convert(model: PreparedModel, recipe: str) -> Conversion:
    images = pictures(model.shape)
    calibration = CalibrationSet(images, "noise", None, None, tuple(range(len(images))))
    converter = Converter(model, calibration=calibration, held_out=FidelitySet(images, None, "noise"))
    return converter.convert(find_recipe(recipe))


@pytest.mark.parametrize("recipe", ["float16", "int8"])
def test_colour_logits_of_another_size(recipe: str) -> None:
    model = prepare(KerasModel(conv_net((40, 56, 3), 3, activation=None), None))
    assert model.labels == ("class 0", "class 1", "class 2")
    assert any("0..255" in note and "class 0 to class 2" in note for note in model.assumptions)
    assert any("softmax was appended" in note for note in model.assumptions)
    conversion = convert(model, recipe)
    assert conversion.fidelity is not None
    assert conversion.fidelity.labelled is None
    assert conversion.fidelity.largest_difference < 8 / 256
    content = read_model(conversion.content).metadata.content
    assert content["input"]["shape"] == [1, 40, 56, 3]
    assert "red first" in content["input"]["content"]
    assert content["assumptions"] == list(model.assumptions)
    with EmotionClassifier(conversion.content) as classifier:
        assert str(classifier.contract) == "56x40 RGB, pixels 0..255"
        bgr = [np.ascontiguousarray(image[..., ::-1]) for image in pictures((40, 56, 3))]
        got = np.stack([prediction.probabilities for prediction in classifier.predict_batch(bgr)])
    np.testing.assert_allclose(got, model.predict(pictures((40, 56, 3))), atol=8 / 256)


@pytest.mark.parametrize(("taken", "given"), [("int8", "int8"), ("float32", "float32"), ("int8", "uint8")])
def test_other_dtypes_at_the_ends_answer_alike(tmp_path: Path, taken: str, given: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'base = "int8"\ninput_dtype = "{taken}"\noutput_dtype = "{given}"\nper_channel = false\n')
    model = prepare(KerasModel(conv_net((48, 48, 1), 7), None))
    conversion = convert(model, str(path))
    assert conversion.fidelity is not None
    assert conversion.fidelity.largest_difference < 8 / 256
    interpreter = load_interpreter(read_model(conversion.content).flatbuffer, threads=1)
    details = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    assert [tensor["dtype"].__name__ for tensor in details] == [taken, given]


@pytest.mark.parametrize(
    ("first", "padding", "left"),
    [
        ([layers.Rescaling(1 / 255)], "same", ()),
        ([layers.Rescaling(1 / 127.5, -1)], "valid", ()),
        ([layers.Rescaling(1 / 127.5, -1)], "same", ("SUB",)),
        ([layers.Rescaling(1 / 255), layers.Rescaling(2.0, -1.0)], "valid", ()),
        ([layers.Normalization(mean=120.0, variance=4000.0)], "valid", ()),
        ([layers.Normalization(mean=120.0, variance=4000.0)], "same", ("SUB",)),
    ],
)
def test_normalisation_folds_or_is_told(first: list[keras.layers.Layer], padding: str, left: tuple[str, ...]) -> None:
    network = conv_net((48, 48, 1), 7, first=first, padding=padding)
    images = pictures((48, 48, 1))
    expected = network.predict(images.astype(np.float32), verbose=0)
    model = prepare(KerasModel(network, None))
    np.testing.assert_allclose(model.predict(images), expected, atol=1e-5)
    conversion = convert(model, "int8")
    got = left_outside(read_model(conversion.content).flatbuffer)
    assert tuple(name.replace("ADD", "SUB") for name in got) == left  # adding a negative number is the same
    assert bool(conversion.notes) == bool(left)
    interpreter = load_interpreter(read_model(conversion.content).flatbuffer, threads=1)
    assert interpreter.get_input_details()[0]["quantization"] == (1.0, 0)


def test_an_adapted_normalisation_survives_the_rewriting() -> None:
    adapted = layers.Normalization(axis=None)
    adapted.adapt(pictures((48, 48, 1)).astype(np.float32) / 127.5 - 1)
    network = conv_net((48, 48, 1), 7, first=[layers.Rescaling(1 / 127.5, -1), adapted])
    images = pictures((48, 48, 1))
    expected = network.predict(images.astype(np.float32), verbose=0)
    np.testing.assert_allclose(prepare(KerasModel(network, None)).predict(images), expected, atol=1e-5)


def brightness_reader(low: float, high: float, order: tuple[str, ...]) -> keras.Model:
    """A network that tells class by brightness: class i of `LABELS` has grey level 18 + 36 i."""
    levels = np.array([18 + 36 * LABELS.index(label) for label in order]) / 255 * (high - low) + low
    dense = layers.Dense(7, activation="softmax")
    inputs = keras.Input((64, 64, 1))
    network = keras.Model(inputs, dense(layers.GlobalAveragePooling2D()(inputs)))
    scale = 40 / (high - low) ** 2
    dense.set_weights([2 * scale * levels[np.newaxis], -scale * levels**2])
    return network


def labelled_by_brightness(count: int = 70) -> LabelledImages:
    labels = np.arange(count, dtype=np.int64) % 7
    images = np.repeat(18 + 36 * labels, 48 * 48).reshape(count, 48, 48, 1).astype(np.uint8)
    return LabelledImages(images, labels, "train", tuple(map(str, range(count))))


@pytest.mark.parametrize("order", [LABELS, CSV_LABELS], ids=["alphabetical", "challenge"])
@pytest.mark.parametrize("pixels", [(0.0, 255.0), (0.0, 1.0), (-1.0, 1.0)])
def test_range_and_order_are_found_out(pixels: tuple[float, float], order: tuple[str, ...]) -> None:
    faces = labelled_by_brightness()
    model = prepare(KerasModel(brightness_reader(*pixels, order), None), faces=faces)
    assert model.labels == order
    assert "100.0% of 70 training faces right (by chance 14.3%, p < 0.001; next" in model.assumptions[0]
    named = [model.labels[index] for index in model.predict(faces.images).argmax(axis=1)]
    assert named == [LABELS[label] for label in faces.labels]


@pytest.mark.parametrize("name", ["fer2013", "per-image"])
def test_standardised_pixels_go_into_the_file(name: str) -> None:
    images = labelled_halves().images
    model = prepare(KerasModel(half_reader(NAMED_RANGES[name]), None), input_range=NAMED_RANGES[name], labels=LABELS)
    expected = half_reader(NAMED_RANGES[name]).predict(scale(images, NAMED_RANGES[name]), verbose=0)
    np.testing.assert_allclose(model.predict(images), expected, atol=1e-4)


def test_fer2013s_deviation_is_found_out() -> None:
    """Standardised pixels, everywhere in code for FER2013, were once missing among the candidates."""
    model = prepare(KerasModel(half_reader(NAMED_RANGES["fer2013"]), None), faces=labelled_halves())
    assert "100.0% of 70" in model.assumptions[0]
    assert "FER2013's mean" in model.assumptions[0]


def labelled_halves() -> LabelledImages:
    """Faces whose left half is black and right half is brighter from class to class, on a ground that varies."""
    rng = np.random.default_rng(0)
    labels = np.arange(70, dtype=np.int64) % 7
    images = np.zeros((70, 48, 48, 1), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[:, : 4 + 6 * label] = rng.integers(150, 250)
    return LabelledImages(images, labels, "train", tuple(map(str, range(70))))


def half_reader(input_range: InputRange) -> keras.Model:
    """A network that reads the right class only where pixels are in the given range: by a sum of squares."""
    faces = labelled_halves()
    values = scale(faces.images, input_range).reshape(70, -1)
    targets = np.array([values[faces.labels == label].mean(axis=0) for label in range(7)])
    inputs = keras.Input((48, 48, 1))
    dense = layers.Dense(7, activation="softmax")
    network = keras.Model(inputs, dense(layers.Flatten()(inputs)))
    dense.set_weights([2 * targets.T / 100, -(targets**2).sum(axis=1) / 100])
    return network


def test_accuracy_is_told_in_the_labels_own_order() -> None:
    faces = labelled_by_brightness()
    images = FidelitySet(faces.images, faces, "grey faces")
    model = prepare(KerasModel(brightness_reader(-1, 1, CSV_LABELS), None), faces=faces)
    found = Converter(model, held_out=images).convert(find_recipe("float32")).fidelity
    assert found is not None
    assert found.labelled is not None
    assert found.labelled.accuracy_keras == found.labelled.accuracy == 1.0


def test_nothing_found_out_is_said() -> None:
    model = prepare(KerasModel(conv_net((48, 48, 1), 7), None), faces=labelled_by_brightness())
    assert "no better than chance" in model.assumptions[0]
    assert set(model.labels) == set(LABELS)


def test_what_the_user_says_is_not_questioned() -> None:
    names = tuple("abcdefg")
    network = conv_net((48, 48, 1), 7)
    model = prepare(
        KerasModel(network, None), labels=names, input_range=InputRange((0.0,), (1.0,)), faces=labelled_by_brightness()
    )
    assert model.labels == names
    assert model.assumptions == ()
    images = pictures((48, 48, 1))
    expected = network.predict(images.astype(np.float32) / 255, verbose=0)
    np.testing.assert_allclose(model.predict(images), expected, atol=1e-5)


def two_inputs() -> keras.Model:
    tensors = [keras.Input((48, 48, 1)) for _ in range(2)]
    return keras.Model(tensors, layers.Dense(7)(layers.GlobalAveragePooling2D()(layers.Add()(tensors))))


@pytest.mark.parametrize(
    ("network", "options", "reason"),
    [
        (lambda: conv_net((48, 48, 4), 7), {}, "1 .grey. or 3 .RGB. channels"),
        (lambda: conv_net((48, 48, 1), 1, activation="sigmoid"), {}, "two or more labels"),
        (lambda: conv_net((48, 48, 1), 5, activation="sigmoid"), {}, "sigmoids"),
        (lambda: conv_net((48, 48, 1), 7), {"labels": ("a", "b")}, "7 outputs"),
        (lambda: conv_net((48, 48, 1), 3), {"labels": ("a", "b", "a")}, "different --labels"),
        (lambda: conv_net((48, 48, 1), 7), {"input_range": NAMED_RANGES["imagenet"]}, "three channels"),
        (lambda: conv_net((48, 48, 1), 7), {"colour": "bgr"}, "does not fit"),
        (two_inputs, {}, "one image as input"),
    ],
    ids=["channels", "one output", "sigmoids", "few labels", "equal labels", "range", "colour", "two inputs"],
)
def test_what_cannot_be_converted_says_why(network, options, reason) -> None:
    with pytest.raises(ModelError, match=reason):
        prepare(KerasModel(network(), None), **options)


def test_an_older_h5_file_and_a_uint8_input(tmp_path: Path) -> None:
    inputs = keras.Input((48, 48, 1), dtype="uint8")
    outputs = layers.Dense(7, activation="softmax")(layers.GlobalAveragePooling2D()(layers.Rescaling(1 / 255)(inputs)))
    network = keras.Model(inputs, outputs)
    path = tmp_path / "theirs.h5"
    network.save(path)
    model = prepare(open_keras(path))
    assert model.name == "theirs"
    images = pictures((48, 48, 1))
    expected = network.predict(images, verbose=0)
    content = convert(model, "int8").content
    np.testing.assert_allclose(predict_file(content, images), expected, atol=2 / 256)


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n" + bytes(100)], ids=["empty", "cut off"])
def test_a_damaged_h5_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "theirs.h5"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"empty|cut off"):
        open_keras(path)


def test_python_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "theirs.keras"
    keras.Sequential([keras.Input((48, 48, 1)), layers.Lambda(lambda pixels: pixels / 255)]).save(path)
    with pytest.raises(ModelError, match=r"holds Python code \(a Lambda layer\)"):
        open_keras(path)


def test_a_network_of_keras_applications() -> None:
    """Ten classes, 32x32 RGB, pixels -1..1, depthwise convolutions: as far from ours as it gets."""
    keras.utils.set_random_seed(0)
    network = keras.applications.MobileNetV2((32, 32, 3), alpha=0.35, weights=None, classes=10)
    model = prepare(KerasModel(network, None, "mobilenet"), input_range=InputRange((-1.0,), (1.0,)))
    conversion = convert(model, "int8")
    assert conversion.fidelity is not None
    assert conversion.fidelity.largest_difference < 0.1  # untrained: all its answers are near one tenth
    assert conversion.notes  # its first convolution pads
    assert read_model(conversion.content).metadata.name == "mobilenet"


def test_faces_are_fitted() -> None:
    faces = pictures((48, 48, 1), 2)
    assert fit_faces(faces, (48, 48, 1)) is faces
    colour = fit_faces(faces, (32, 64, 3))
    assert colour.shape == (2, 32, 64, 3)
    assert (colour[..., 0] == colour[..., 2]).all()
    assert colour.dtype == np.uint8


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    red = np.zeros((20, 30, 3), np.uint8)
    red[..., 2] = 200  # BGR
    (tmp_path / "a.png").write_bytes(encode(red))
    (tmp_path / "copy of a.png").write_bytes(encode(red))
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.png").write_bytes(encode(np.full((9, 9), 7, np.uint8)))
    (tmp_path / "notes.txt").write_text("no picture")
    found = read_pictures(tmp_path, (10, 12, 3))
    assert found.shape == (2, 10, 12, 3)  # the copy comes once
    assert found[0, 0, 0].tolist() == [200, 0, 0]  # RGB
    assert read_pictures(tmp_path, (48, 48, 1)).shape == (2, 48, 48, 1)
    with pytest.raises(DataError, match="contains no pictures"):
        read_pictures(empty(tmp_path), (4, 4, 1))


def empty(folder: Path) -> Path:
    path = folder / "empty"
    path.mkdir()
    return path
