"""A delegate is loaded, told its options, and what it cannot do is said in a sentence."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from fer_edge.errors import ModelError
from fer_edge.runtime import EmotionClassifier
from fer_edge.runtime.interpreter import load_interpreter

SOURCE = Path(__file__).parents[1] / "fixtures/null_delegate.c"


@pytest.fixture(scope="module")
def delegate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    library = tmp_path_factory.mktemp("delegate") / "null_delegate.so"
    subprocess.run(["gcc", "-Wall", "-Werror", "-shared", "-fPIC", SOURCE, "-o", library], check=True)
    return library


def test_answers_are_the_same_and_options_arrive(
    delegate: Path, model_files: dict[str, Path], faces: np.ndarray, tmp_path: Path
) -> None:
    log = tmp_path / "options"
    options = {"log": str(log), "cores": "2"}
    with (
        EmotionClassifier(model_files["int8"]) as plain,
        EmotionClassifier(model_files["int8"], delegate=delegate, delegate_options=options) as delegated,
    ):
        for face in faces:
            assert np.array_equal(plain.predict(face).probabilities, delegated.predict(face).probabilities)
    assert set(log.read_text().splitlines()) == {f"log={log}", "cores=2"}


def test_delegate_that_refuses(delegate: Path, model_files: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match=r"^The delegate .*null_delegate\.so cannot be used: .*no such accelerator"):
        EmotionClassifier(model_files["int8"], delegate=delegate, delegate_options={"refuse": "1"})


def test_no_delegate(model_files: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "text.so").write_text("no library")
    for path in (tmp_path / "nosuch.so", tmp_path / "text.so"):
        with pytest.raises(ModelError, match=f"^The delegate {path} cannot be used: "):
            EmotionClassifier(model_files["int8"], delegate=path)


def test_library_that_is_no_delegate(model_files: dict[str, Path], tmp_path: Path) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    (tmp_path / "other.c").write_text("int other;\n")
    subprocess.run(["gcc", "-shared", "-fPIC", "other.c", "-o", "other.so"], cwd=tmp_path, check=True)
    with pytest.raises(ModelError, match=r"other\.so cannot be used: "):
        EmotionClassifier(model_files["int8"], delegate=tmp_path / "other.so")


def test_options_without_a_delegate(model_files: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match="Expected a delegate for the delegate options"):
        EmotionClassifier(model_files["int8"], delegate_options={"cores": "2"})


def test_generated_c_takes_none(monkeypatch: pytest.MonkeyPatch, delegate: Path) -> None:
    monkeypatch.setenv("FER_EDGE_INTERPRETER", "c")
    with pytest.raises(ModelError, match="The interpreter c takes no delegates"):
        load_interpreter(b"", threads=1, delegate=delegate)
