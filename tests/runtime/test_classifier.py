"""`EmotionClassifier` gives the interpreter's own answer, to anyone who asks, until it is closed."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from fer_edge.errors import FerEdgeError, ImageError, ModelError
from fer_edge.modelfile.metadata import read_model
from fer_edge.runtime import EmotionClassifier, Prediction, bundled
from fer_edge.runtime.interpreter import INTERPRETERS, import_interpreter, load_interpreter, package_version
from fer_edge.types import LABELS

RECIPES = ("float32", "float16", "int8")
STEP = 1 / 256  # of the int8 output: probabilities 0..1 in 256 levels


@pytest.fixture(params=RECIPES)
def classifier(request: pytest.FixtureRequest, model_files: dict[str, Path]):
    with EmotionClassifier(model_files[request.param]) as classifier:
        yield classifier


def interpreter_answers(path: Path, faces: np.ndarray) -> np.ndarray:
    """Return what the bare interpreter says, dequantised as the file's tensor demands."""
    interpreter = load_interpreter(read_model(path).flatbuffer, threads=1)
    (inputs,), (outputs,) = interpreter.get_input_details(), interpreter.get_output_details()
    answers = []
    for face in faces:
        interpreter.set_tensor(inputs["index"], face[np.newaxis])
        interpreter.invoke()
        answers.append(interpreter.get_tensor(outputs["index"])[0].astype(np.float64))
    scale, zero_point = outputs["quantization"]
    return (np.stack(answers) - zero_point) * scale if scale else np.stack(answers)


@pytest.mark.parametrize("recipe", RECIPES)
def test_answers_are_the_interpreters(recipe: str, model_files: dict[str, Path], faces: np.ndarray) -> None:
    expected = interpreter_answers(model_files[recipe], faces)
    with EmotionClassifier(model_files[recipe]) as classifier:
        got = np.stack([prediction.probabilities for prediction in classifier.predict_batch(faces)])
    np.testing.assert_allclose(got, expected, atol=1e-6)  # float32 against float64
    assert len(set(expected.argmax(axis=1))) > 1, "the test model must tell faces apart"


def test_int8_answers_lie_on_the_output_grid(model_files: dict[str, Path], faces: np.ndarray) -> None:
    with EmotionClassifier(model_files["int8"]) as classifier:
        levels = np.stack([p.probabilities for p in classifier.predict_batch(faces)]) / STEP
    np.testing.assert_allclose(levels, levels.round(), atol=1e-3)
    assert levels.min() >= 0


def test_prediction_is_consistent(classifier: EmotionClassifier, faces: np.ndarray) -> None:
    for face in faces:
        prediction = classifier.predict(face)
        assert prediction.probabilities.dtype == np.float32
        assert prediction.probabilities.shape == (7,)
        assert prediction.score == pytest.approx(prediction.probabilities.max())
        assert prediction.label == LABELS[prediction.probabilities.argmax()]
        # Each of seven int8 outputs is rounded by at most half a step, and 1 itself saturates at
        # 255/256, a step too low; floats sum to 1 but for their own rounding.
        tolerance = (7 / 2 + 1) * STEP if classifier.metadata.recipe == "int8" else 1e-5
        assert prediction.probabilities.sum() == pytest.approx(1, abs=tolerance)


def test_prediction_keeps_its_values(classifier: EmotionClassifier, faces: np.ndarray) -> None:
    """A view into the interpreter's memory would change under the caller's hands."""
    first = classifier.predict(faces[0])
    kept = first.probabilities.copy()
    classifier.predict_batch(faces)
    np.testing.assert_array_equal(first.probabilities, kept)


def same(left: list[Prediction], right: list[Prediction]) -> bool:
    return all(np.array_equal(a.probabilities, b.probabilities) for a, b in zip(left, right, strict=True))


def test_batch_equals_one_by_one(classifier: EmotionClassifier, faces: np.ndarray) -> None:
    one_by_one = [classifier.predict(face) for face in faces]
    assert same(classifier.predict_batch(faces), one_by_one)
    assert same(classifier.predict_batch(face for face in faces), one_by_one)
    assert same(classifier.predict_batch(faces[..., 0]), one_by_one)
    assert same(classifier.predict_batch(faces[::-1, ::-1]), [classifier.predict(face[::-1]) for face in faces[::-1]])
    colour = np.repeat(faces, 3, axis=3)
    assert same(classifier.predict_batch(colour), [classifier.predict(face) for face in colour])
    assert classifier.predict_batch(faces[:0]) == []
    assert classifier.predict_batch([]) == []


@pytest.mark.parametrize("shape", [(3, 48, 48), (3, 48, 48, 2), (48,), ()])
def test_batch_of_what_is_no_face(classifier: EmotionClassifier, shape: tuple[int, ...]) -> None:
    with pytest.raises(ImageError):
        classifier.predict_batch(np.zeros(shape, np.float32))
    if shape != (3, 48, 48):
        with pytest.raises(ImageError):
            classifier.predict_batch(np.zeros(shape, np.uint8))
    for nothing in (None, 7, "face.png"):
        with pytest.raises(ImageError):
            classifier.predict_batch(nothing)


def test_bytes_path_and_text_are_the_same(model_files: dict[str, Path], faces: np.ndarray) -> None:
    path = model_files["int8"]
    answers = [EmotionClassifier(model).predict_batch(faces) for model in (path, str(path), path.read_bytes())]
    assert same(answers[0], answers[1])
    assert same(answers[0], answers[2])


def test_larger_colour_picture_is_prepared(classifier: EmotionClassifier, faces: np.ndarray) -> None:
    grey = faces[3]
    colour = np.repeat(np.repeat(np.repeat(grey, 3, axis=2), 2, axis=0), 2, axis=1)  # 96x96 BGR
    assert same([classifier.predict(colour)], [classifier.predict(grey)])


def test_two_threads_give_the_same_answers(model_files: dict[str, Path], faces: np.ndarray) -> None:
    alone, two = (EmotionClassifier(model_files["int8"], threads=count) for count in (1, 2))
    assert same(alone.predict_batch(faces), two.predict_batch(faces))


def test_shared_by_threads(classifier: EmotionClassifier, faces: np.ndarray) -> None:
    expected = classifier.predict_batch(faces)
    orders = [np.random.default_rng(seed).permutation(len(faces)) for seed in range(8)]

    def work(order: np.ndarray) -> bool:
        return all(same([classifier.predict(faces[i])], [expected[i]]) for _ in range(20) for i in order)

    with ThreadPoolExecutor(len(orders)) as pool:
        assert all(pool.map(work, orders))


@pytest.mark.parametrize("threads", [0, -1])
def test_threads_below_one(threads: int, model_files: dict[str, Path]) -> None:
    with pytest.raises(ValueError, match="threads"):
        EmotionClassifier(model_files["int8"], threads=threads)


def test_closed_classifier(model_files: dict[str, Path], faces: np.ndarray) -> None:
    with EmotionClassifier(model_files["int8"]) as classifier:
        classifier.predict(faces[0])
    with pytest.raises(ModelError, match="closed"):
        classifier.predict(faces[0])
    classifier.close()  # a second time does no harm


def test_error_leaves_the_classifier_usable(classifier: EmotionClassifier, faces: np.ndarray) -> None:
    with pytest.raises(ImageError):
        classifier.predict(np.full((48, 48), np.nan, np.float32))
    assert classifier.predict(faces[0]).label in LABELS


def test_bundled_model_sees_the_smile(portrait: np.ndarray) -> None:
    with EmotionClassifier() as classifier:
        assert classifier.metadata.recipe == "int8"
        assert classifier.predict(portrait[75:175, 172:272]).label == "happy"


def test_recipes_of_a_bundled_model_have_names(
    model_files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faces: np.ndarray
) -> None:
    """A name alone is the int8 file; `:float16` names another one, and never stands in for it."""
    for recipe in ("int8", "float16"):
        shutil.copy(model_files[recipe], tmp_path / f"tiny_v1.5.{recipe}.tflite")
    monkeypatch.setattr(bundled, "ASSETS", tmp_path)
    assert bundled.bundled_names() == ["tiny_v1.5:float16", "tiny_v1.5:int8"]
    for name, recipe in (("tiny_v1.5", "int8"), ("tiny_v1.5:int8", "int8"), ("tiny_v1.5:float16", "float16")):
        with EmotionClassifier(name) as classifier:
            assert classifier.metadata.recipe == recipe
            assert classifier.predict(faces[0]).label in LABELS
    (tmp_path / "tiny_v1.5.int8.tflite").unlink()
    for name in ("tiny_v1.5", "tiny_v1.5:int8", "tiny_v1.5:float32", "../tiny_v1.5:float16"):
        with pytest.raises(ModelError, match=r"a bundled model \(tiny_v1\.5:float16\)"):
            EmotionClassifier(name)


def test_every_bundled_name_loads_what_it_says() -> None:
    for name in bundled.bundled_names():
        with EmotionClassifier(name) as classifier:
            assert classifier.metadata.recipe == name.partition(":")[2]


def test_unknown_name_lists_the_bundled_models() -> None:
    with pytest.raises(ModelError, match=r"edge_cnn_s:int8.*'edge_net' is neither"):
        EmotionClassifier("edge_net")


def test_forced_interpreter_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow's is asked in tests/convert."""
    small = [name for name in INTERPRETERS if name != "tensorflow"]
    installed = [name for name in small if package_version(name) != "not installed"]
    for name in installed:
        monkeypatch.setenv("FER_EDGE_INTERPRETER", name)
        assert import_interpreter()[0] == name
    assert installed


def test_unknown_interpreter_is_refused(monkeypatch: pytest.MonkeyPatch, model_files: dict[str, Path]) -> None:
    monkeypatch.setenv("FER_EDGE_INTERPRETER", "onnxruntime")
    with pytest.raises(
        ModelError, match=r"expected one of ai_edge_litert, tflite_runtime, tensorflow.*; got 'onnxruntime'"
    ):
        EmotionClassifier(model_files["int8"])


def test_forced_but_absent_interpreter_never_falls_back(
    monkeypatch: pytest.MonkeyPatch, model_files: dict[str, Path]
) -> None:
    if package_version("tflite_runtime") != "not installed":
        pytest.skip("tflite-runtime is installed here")
    monkeypatch.setenv("FER_EDGE_INTERPRETER", "tflite_runtime")
    with pytest.raises(FerEdgeError, match=r"tflite_runtime.*pip install"):
        EmotionClassifier(model_files["int8"])
