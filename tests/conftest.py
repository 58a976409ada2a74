"""Fixtures that several test files share."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers import FIXTURES, encode, smooth_faces
from warm_tensorflow import WarmTensorFlow

ROOT = Path(__file__).parent.parent


@pytest.fixture
def no_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without FER2013; returns its cache folder, which does not exist."""
    monkeypatch.delenv("FER_EDGE_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "fer-edge"


@pytest.fixture(scope="session")
def model_files() -> dict[str, Path]:
    """A tiny untrained network: "keras", and what the converter made of it by each recipe; see fixtures/README.md."""
    files = {path.name.split(".")[1]: path for path in FIXTURES.glob("tiny.*")}
    assert {"keras", "float32", "float16", "dynamic", "int8"} <= set(files)
    return files


@pytest.fixture(scope="session")
def foreign_flatbuffers() -> dict[str, bytes]:
    """Sound TFLite models that break the contract, each in its own way: "64x64", "colour", "float input" and so on."""
    files = {path.stem.replace("_", " "): path.read_bytes() for path in (FIXTURES / "foreign").iterdir()}
    assert len(files) >= 5
    return files


@pytest.fixture(scope="session")
def faces() -> np.ndarray:
    return smooth_faces(24, seed=5)


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    """A public photograph (BGR) with one frontal face at about x 170..280, y 60..180."""
    from skimage.data import astronaut

    return np.ascontiguousarray(astronaut()[..., ::-1])


@pytest.fixture
def portrait_file(portrait: np.ndarray, tmp_path: Path) -> Path:
    path = tmp_path / "portrait.png"
    path.write_bytes(encode(portrait))
    return path


@pytest.fixture(scope="session")
def warm_tensorflow() -> Iterator[WarmTensorFlow]:
    warm = WarmTensorFlow()
    yield warm
    warm.close()


@pytest.fixture
def run_cli(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``python -m fer_edge`` in `tmp_path`, on a machine without FER2013.

    Commands of Keras networks run in a fork that has TensorFlow loaded; test_end_to_end.py starts them cold.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FER_EDGE")}
    cache = tmp_path_factory.getbasetemp() / "cache"  # shared: Matplotlib's font list takes seconds
    environment |= {"XDG_CACHE_HOME": str(cache), "COLUMNS": "80"}

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        texts = [*map(str, arguments)]
        if texts[0] in {"convert", "train"} or any(text.endswith(".keras") for text in texts):
            warm: WarmTensorFlow = request.getfixturevalue("warm_tensorflow")
            return warm.run(texts, cwd=tmp_path, env=environment)
        command = [sys.executable, "-m", "fer_edge", *texts]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Ten seconds of 10 frames a second with a key frame every two; the frame's number is its brightness."""
    av = pytest.importorskip("av", reason="PyAV comes with the extra [label]")
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10, options={"sc_threshold": "1000000000"})  # no others
        stream.width, stream.height, stream.gop_size = 64, 48, 20
        stream.codec_context.max_b_frames = 0
        for number in range(100):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 2 * number, np.uint8), format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture
def photos(tmp_path: Path, portrait: np.ndarray) -> Path:
    """A folder with a portrait, two pictures without a face, and one that is damaged."""
    folder = tmp_path / "photos"
    (folder / "below").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(encode(portrait, ".jpg"))
    (folder / "b.png").write_bytes(encode(np.full((80, 80, 3), 127, np.uint8)))
    (folder / "below/c.png").write_bytes(encode(np.full((60, 90, 3), 10, np.uint8)))
    (folder / "d.jpg").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("no picture either")
    return folder
