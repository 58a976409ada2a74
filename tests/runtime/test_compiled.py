"""The interpreter `c`: generated C, compiled here, in place of TensorFlow Lite."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from fer_edge.errors import ModelError
from fer_edge.modelfile.metadata import read_model
from fer_edge.runtime import EmotionClassifier
from fer_edge.runtime.compiled import Interpreter, cache_folder
from fer_edge.runtime.reference import ask_reference

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler is installed")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch, cache: Path) -> Path:
    """A machine that is told to use C; returns the folder with its libraries."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setenv("FER_EDGE_INTERPRETER", "c")
    monkeypatch.delenv("CC", raising=False)
    return cache_folder()


def test_same_scores_as_the_reference_kernels(
    model_files: dict[str, Path], chosen: Path, monkeypatch: pytest.MonkeyPatch, faces: np.ndarray
) -> None:
    with EmotionClassifier(model_files["int8"]) as classifier:
        found = np.stack([prediction.probabilities for prediction in classifier.predict_batch(faces)])
    monkeypatch.delenv("FER_EDGE_INTERPRETER")
    file = read_model(model_files["int8"])
    assert np.array_equal(found * 256, ask_reference(file.flatbuffer, faces))


def test_library_is_compiled_once(model_files: dict[str, Path], chosen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    EmotionClassifier(model_files["int8"]).close()
    before = sorted(chosen.iterdir())
    assert before
    assert all(path.suffix == ".so" for path in before)
    monkeypatch.setenv("CC", "/no/compiler")
    EmotionClassifier(model_files["int8"]).close()
    assert sorted(chosen.iterdir()) == before


@pytest.mark.parametrize(
    ("compiler", "said"),
    [("/no/compiler", r"No such file or directory: '/no/compiler'"), ("false", "'false' cannot compile the C")],
)
def test_no_compiler(
    compiler: str,
    said: str,
    chosen: Path,
    model_files: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("CC", compiler)
    with pytest.raises(ModelError, match=said):
        EmotionClassifier(model_files["int8"])
    assert not list(cache_folder().iterdir())


def test_compiler_is_named_where_there_is_none(
    chosen: Path, model_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ModelError, match=r"needs a C compiler\. Run 'sudo apt install gcc'"):
        EmotionClassifier(model_files["int8"])


def test_float_models_are_refused(chosen: Path, model_files: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match="cannot become C: it gives float32"):
        EmotionClassifier(model_files["float16"])


def test_tensors_are_checked(chosen: Path, model_files: dict[str, Path]) -> None:
    interpreter = Interpreter(read_model(model_files["int8"]).flatbuffer)
    face = np.zeros((1, 48, 48, 1), np.uint8)
    for index, value in ((1, face), (0, face[0]), (0, face.astype(np.float32))):
        with pytest.raises(ValueError, match="expected uint8"):
            interpreter.set_tensor(index, value)
    with pytest.raises(ValueError, match="expected tensor 1"):
        interpreter.get_tensor(0)


def test_classifiers_do_not_share_memory(chosen: Path, model_files: dict[str, Path], faces: np.ndarray) -> None:
    classifiers = [EmotionClassifier(model_files["int8"]) for _ in range(4)]
    alone = [classifiers[0].predict(face).probabilities for face in faces]
    wrong = []

    def work(classifier: EmotionClassifier) -> None:
        for _ in range(20):
            wrong.extend(
                index
                for index, face in enumerate(faces)
                if not np.array_equal(classifier.predict(face).probabilities, alone[index])
            )

    threads = [threading.Thread(target=work, args=(classifier,)) for classifier in classifiers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_command_line(chosen: Path, portrait_file: Path) -> None:
    command = [sys.executable, "-m", "fer_edge", "predict", str(portrait_file), "--json"]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert '"label": "happy"' in done.stdout
