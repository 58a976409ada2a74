"""Files of other makers run when their user states what they expect, and obey it to the last number."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from networks import make_flatbuffer

from fer_edge.errors import ModelError
from fer_edge.modelfile.contract import NAMED_RANGES, InputRange, parse_range
from fer_edge.modelfile.metadata import read_model
from fer_edge.modelfile.seal import append_metadata, check_file
from fer_edge.runtime import EmotionClassifier
from fer_edge.runtime.foreign import Statement, describe_foreign, open_model, write_sidecar
from fer_edge.runtime.interpreter import load_interpreter

SIX = ("angry", "fear", "happy", "neutral", "sad", "surprise")


@pytest.fixture(scope="module")
def flatbuffers() -> dict[str, bytes]:
    return {
        "colour": make_flatbuffer(),
        "logits": make_flatbuffer(softmax=False),
        "oblong grey": make_flatbuffer((40, 56, 1)),
        "channels first": make_flatbuffer(layout="chw"),
        "integer": make_flatbuffer(integer=True),
    }


def picture(height: int = 64, width: int = 64, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def ask(flatbuffer: bytes, values: np.ndarray) -> np.ndarray:
    """Return the bare interpreter's answer."""
    interpreter = load_interpreter(flatbuffer, threads=1)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values[np.newaxis])
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]


@pytest.mark.parametrize("input_range", ["0,255", "0,1", "-1,1", "imagenet"])
@pytest.mark.parametrize("colour", ["rgb", "bgr"])
def test_pixels_arrive_in_range_and_order(flatbuffers: dict[str, bytes], input_range: str, colour: str) -> None:
    bgr = picture()
    pixels = (bgr[..., ::-1] if colour == "rgb" else bgr).astype(np.float32)
    expected = {
        "0,255": lambda x: x,
        "0,1": lambda x: x / 255,
        "-1,1": lambda x: x / 127.5 - 1,
        # torchvision's documented figures, written out here
        "imagenet": lambda x: (x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225],
    }[input_range](pixels)
    with EmotionClassifier(flatbuffers["colour"], labels=SIX, input_range=input_range, colour=colour) as classifier:
        got = classifier.predict(bgr).probabilities
    np.testing.assert_allclose(got, ask(flatbuffers["colour"], expected.astype(np.float32)), rtol=1e-4, atol=1e-6)


def test_per_image_standardisation(flatbuffers: dict[str, bytes]) -> None:
    bgr = picture()
    rgb = bgr[..., ::-1].astype(np.float64)
    expected = ((rgb - rgb.mean()) / rgb.std()).astype(np.float32)
    with EmotionClassifier(flatbuffers["colour"], labels=SIX, input_range="per-image") as classifier:
        got = classifier.predict(bgr).probabilities
        assert np.isfinite(classifier.predict(np.full((9, 9), 7, np.uint8)).probabilities).all(), "a flat picture"
    np.testing.assert_allclose(got, ask(flatbuffers["colour"], expected), rtol=1e-4, atol=1e-6)


def test_logits_become_probabilities(flatbuffers: dict[str, bytes]) -> None:
    with EmotionClassifier(flatbuffers["logits"], labels=SIX, input_range="0,1") as classifier:
        assert classifier.contract.logits
        predictions = classifier.predict_batch([picture(seed=seed) for seed in range(3)])
    for seed, prediction in enumerate(predictions):
        scores = ask(flatbuffers["logits"], (picture(seed=seed)[..., ::-1] / 255).astype(np.float32))
        np.testing.assert_allclose(prediction.probabilities, np.exp(scores) / np.exp(scores).sum(), rtol=1e-4)


def test_channels_first(flatbuffers: dict[str, bytes]) -> None:
    with EmotionClassifier(flatbuffers["channels first"], labels=SIX, input_range="0,1") as classifier:
        got = classifier.predict(picture()).probabilities
    values = (picture()[..., ::-1] / 255).astype(np.float32).transpose(2, 0, 1)
    np.testing.assert_allclose(got, ask(flatbuffers["channels first"], values), rtol=1e-4, atol=1e-6)


def test_grey_oblong_takes_any_picture(flatbuffers: dict[str, bytes]) -> None:
    with EmotionClassifier(flatbuffers["oblong grey"], labels=SIX, input_range="0,1") as classifier:
        assert classifier.contract.tensor_shape == (1, 40, 56, 1)
        for shape in ((40, 56), (48, 48, 1), (480, 640, 3), (5, 7, 4)):
            face = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
            alone = classifier.predict(face)
            assert alone.label in SIX
            np.testing.assert_array_equal(classifier.predict_batch([face])[0].probabilities, alone.probabilities)
        grey = np.random.default_rng(2).integers(0, 256, (40, 56), dtype=np.uint8)
        got = classifier.predict(grey).probabilities
    values = (grey[..., np.newaxis] / 255).astype(np.float32)
    np.testing.assert_allclose(got, ask(flatbuffers["oblong grey"], values), rtol=1e-4, atol=1e-6)


def test_quantised_input_tells_its_range(flatbuffers: dict[str, bytes]) -> None:
    """It was calibrated on -1..1, so pixels go in as the bytes that they are."""
    with EmotionClassifier(flatbuffers["integer"], labels=SIX) as classifier:
        black, white = classifier.contract.input_range.black, classifier.contract.input_range.white
        assert black[0] == pytest.approx(-1, abs=0.02)
        assert white[0] == pytest.approx(1, abs=0.02)
        got = classifier.predict(picture()).probabilities
        assert classifier.metadata.recipe == "int8"
    (details,) = load_interpreter(flatbuffers["integer"], threads=1).get_output_details()
    scale, zero_point = details["quantization"]
    rgb = np.ascontiguousarray(picture()[..., ::-1])
    answer = ask(flatbuffers["integer"], rgb).astype(np.float32)
    np.testing.assert_allclose(got, (answer - zero_point) * scale, atol=1e-6)


def test_described_file_needs_no_more_words(flatbuffers: dict[str, bytes], tmp_path: Path) -> None:
    statement = Statement(SIX, parse_range("-1,1"), "bgr")
    with EmotionClassifier(flatbuffers["colour"], labels=SIX, input_range=(-1, 1), colour="bgr") as classifier:
        expected = classifier.predict(picture()).probabilities
    content = describe_foreign(flatbuffers["colour"], "mine.tflite", statement)
    described = append_metadata(flatbuffers["colour"], content)
    check_file(described)
    path = tmp_path / "mine.tflite"
    path.write_bytes(flatbuffers["colour"])
    (tmp_path / "mine.tflite.json").write_text(write_sidecar(content, flatbuffers["colour"]))
    for model in (described, path):
        with EmotionClassifier(model) as classifier:
            assert classifier.labels == SIX
            assert classifier.contract.colour == "bgr"
            np.testing.assert_array_equal(classifier.predict(picture()).probabilities, expected)
    with pytest.raises(ModelError, match="says itself"):
        EmotionClassifier(described, labels=SIX)


def test_sidecar_of_another_model_is_refused(flatbuffers: dict[str, bytes], tmp_path: Path) -> None:
    content = describe_foreign(flatbuffers["colour"], "mine.tflite", Statement(SIX, InputRange()))
    path = tmp_path / "mine.tflite"
    path.write_bytes(flatbuffers["logits"])
    sidecar = tmp_path / "mine.tflite.json"
    for text in (write_sidecar(content, flatbuffers["colour"]), "{", "[]", "[" * 100_000):
        sidecar.write_text(text)
        with pytest.raises(ModelError, match=r"another model|cannot be read"):
            EmotionClassifier(path)


def test_labels_of_tflites_own_metadata(flatbuffers: dict[str, bytes]) -> None:
    """As TFLite's metadata tools append them: an archive behind the FlatBuffer, which stays as it is."""
    file = io.BytesIO(flatbuffers["integer"])
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("labels.txt", "\n".join(SIX))
    found = open_model(file.getvalue(), Statement(colour="rgb"))
    assert found.metadata.labels == SIX
    assert found.flatbuffer == flatbuffers["integer"]


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({}, "fer-edge describe"),
        ({"labels": SIX}, "--input-range"),
        ({"input_range": "0,1"}, "--labels"),
        ({"labels": SIX[:5], "input_range": "0,1"}, "6 outputs: expected as many labels, got 5"),
        ({"labels": (*SIX[:5], SIX[0]), "input_range": "0,1"}, "different labels"),
        ({"labels": SIX, "input_range": "0,inf"}, "finite"),
        ({"labels": SIX, "input_range": "nan,1"}, "finite"),
        ({"labels": SIX, "input_range": "1,0"}, "below white"),
        ({"labels": SIX, "input_range": "0,1", "colour": "yuv"}, "grey, rgb, bgr"),
        ({"labels": SIX, "input_range": "0,1", "colour": "grey"}, "does not fit"),
    ],
)
def test_what_is_missing_or_wrong_is_named(flatbuffers: dict[str, bytes], stated: dict, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        EmotionClassifier(flatbuffers["colour"], **stated)


def test_sigmoids_are_refused() -> None:
    import keras
    import tensorflow as tf

    inputs = keras.Input(batch_shape=(1, 48, 48, 1))
    outputs = keras.layers.Dense(7, activation="sigmoid")(keras.layers.GlobalAveragePooling2D()(inputs))
    flatbuffer = bytes(tf.lite.TFLiteConverter.from_keras_model(keras.Model(inputs, outputs)).convert())
    with pytest.raises(ModelError, match="sigmoids"):
        EmotionClassifier(flatbuffer, labels=[str(index) for index in range(7)], input_range="0,1")


@pytest.mark.parametrize("name", NAMED_RANGES)
def test_ranges_survive_the_metadata(name: str) -> None:
    from fer_edge.modelfile.contract import read_range

    found = NAMED_RANGES[name]
    assert read_range(json.loads(json.dumps(found.as_json()))) == found


@pytest.mark.parametrize(
    "entry",
    [
        None,
        {},
        {"shape": [1, 48, 48]},
        {"shape": [1, 48, 48, 2]},
        {"shape": [1, 48, 48, 1], "colour": "rgb"},
        {"shape": [1, 10**9, 48, 1]},
        {"shape": [1, 48, 48, 1], "range": [1, 0]},
        {"shape": [1, 48, 48, 1], "range": "wide"},
        {"shape": [1, 48, 48, 1], "range": [[0, 0, 0], [1, 1, 1]]},
        {"shape": [1, 48, 48, 1], "layout": "whc"},
        {"shape": [1, 64, 64, 3]},
    ],
)
def test_impossible_contracts_are_refused(entry: object, model_files: dict[str, Path]) -> None:
    file = read_model(model_files["float16"])
    content = {key: value for key, value in file.metadata.content.items() if not key.startswith("flatbuffer")}
    with pytest.raises(ModelError):
        EmotionClassifier(append_metadata(file.flatbuffer, {**content, "input": entry}))
