"""LiteRT called from C gives the answers of Python."""

import importlib.util
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from fer_edge.firmware.selftest import selftest_face
from fer_edge.runtime import EmotionClassifier
from fer_edge.runtime.bundled import find_model

SOURCE = Path(__file__).parents[2] / "examples/linux/litert.c"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler is installed")
    program = tmp_path_factory.mktemp("litert") / "litert"
    strict = ("-std=c99", "-Wall", "-Wextra", "-Werror")
    subprocess.run(["cc", *strict, "-o", program, SOURCE, "-ldl"], check=True)
    return program


@pytest.fixture(scope="module")
def library() -> Path:
    found = importlib.util.find_spec("ai_edge_litert")
    if found is None or not found.submodule_search_locations:
        pytest.skip("ai-edge-litert is not installed")
    if not metadata.version("ai-edge-litert").startswith("2.3"):
        pytest.skip("the declarations are those of LiteRT 2.3")
    return Path(found.submodule_search_locations[0]) / "libLiteRt.so"


@pytest.mark.parametrize("model", ["edge_cnn_s", "edge_cnn_m"])
def test_same_scores(model: str, program: Path, library: Path, tmp_path: Path) -> None:
    face = selftest_face()
    (tmp_path / "face.gray").write_bytes(face.tobytes())
    command = [program, library, find_model(model), tmp_path / "face.gray"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    with EmotionClassifier(model) as classifier:
        expected = classifier.predict(face).probabilities * 256
    assert np.array_equal(np.array(done.stdout.split(), np.float32), expected)


def test_errors_are_sentences(program: Path, library: Path, tmp_path: Path) -> None:
    (tmp_path / "face.gray").write_bytes(selftest_face().tobytes())
    (tmp_path / "short.gray").write_bytes(b"short")
    for arguments in (
        (library, "nosuch.tflite", tmp_path / "face.gray"),
        (tmp_path / "nosuch.so", find_model("edge_cnn_s"), tmp_path / "face.gray"),
        (library, find_model("edge_cnn_s"), tmp_path / "short.gray"),
        (),
    ):
        done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert done.stdout == ""
        assert done.stderr
