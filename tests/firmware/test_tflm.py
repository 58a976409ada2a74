"""The kit for TensorFlow Lite for Microcontrollers: right for the real runtime, and C++ that a compiler takes."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from helpers import random_faces

from fer_edge.errors import ModelError
from fer_edge.firmware.selftest import selftest_face
from fer_edge.firmware.source import SelfTest
from fer_edge.firmware.tflm import TESTED_ARENAS, arena_bytes, check_runs, write_kit
from fer_edge.graph.reader import read_graph
from fer_edge.modelfile.c_array import array_symbol, to_c_array
from fer_edge.modelfile.metadata import ModelFile, read_model
from fer_edge.runtime.bundled import find_model
from fer_edge.runtime.reference import ask_reference

FIXTURE = Path(__file__).parents[1] / "fixtures/every_operator.int8.tflite"
BUNDLED = ("edge_cnn_xs", "edge_cnn_s", "edge_cnn_m")
MODELS = {name: find_model(name) for name in BUNDLED} | {"every_operator": str(FIXTURE)}

STUBS = {
    "tensorflow/lite/micro/micro_mutable_op_resolver.h": """
enum TfLiteStatus { kTfLiteOk, kTfLiteError };
#define TF_LITE_ENSURE_STATUS(a) do { const TfLiteStatus s = (a); if (s != kTfLiteOk) return s; } while (false)
namespace tflite { template <unsigned int> class MicroMutableOpResolver { public: METHODS }; }
""",
    "tensorflow/lite/micro/micro_interpreter.h": """
#include <cstddef>
#include <cstdint>
namespace tflite {
struct Tensor { struct { std::uint8_t* uint8; } data; };
struct Model;
class MicroInterpreter {
 public:
    template <class R> MicroInterpreter(const Model*, const R&, std::uint8_t*, std::size_t) {}
    TfLiteStatus AllocateTensors() { return kTfLiteOk; }
    TfLiteStatus Invoke() { return kTfLiteOk; }
    Tensor* input(std::size_t) { return nullptr; }
    Tensor* output(std::size_t) { return nullptr; }
    std::size_t arena_used_bytes() const { return 0; }
};
}
""",
    "tensorflow/lite/schema/schema_generated.h": """
namespace tflite { struct Model; inline const Model* GetModel(const void*) { return nullptr; } }
""",
}


def smallest_arena(runtime: object, content: bytes) -> int:
    low, high = 1000, 400_000
    while high - low > 16:
        middle = (low + high) // 2
        try:
            runtime.Interpreter.from_bytes(content, arena_size=middle).invoke()
            high = middle
        except RuntimeError:
            low = middle
    return high


@pytest.fixture(scope="module")
def runtime() -> object:
    return pytest.importorskip("tflite_micro", reason="tflite-micro has no wheel for this machine").runtime


@pytest.mark.parametrize("name", MODELS)
def test_kits_arena_is_enough_and_no_waste(name: str, runtime: object) -> None:
    file = read_model(MODELS[name])
    smallest = smallest_arena(runtime, file.flatbuffer)
    assert smallest <= arena_bytes(file)
    if name.startswith("edge"):
        assert smallest <= TESTED_ARENAS[name, len(check_operators(file))] <= 1.02 * smallest


def check_operators(file: ModelFile) -> list[str]:
    return [operator.name for operator in read_graph(file.flatbuffer).operators]


@pytest.mark.parametrize("name", MODELS)
def test_same_scores_as_the_reference_kernels(name: str, runtime: object, faces: np.ndarray) -> None:
    """But for dense layers, which TFLM rounds twice: a logit may differ by one step, seldom."""
    file = read_model(MODELS[name])
    images = np.concatenate([selftest_face()[None, ..., None], faces, random_faces(5)])
    interpreter = runtime.Interpreter.from_bytes(file.flatbuffer, arena_size=arena_bytes(file))
    scores = []
    for image in images:
        interpreter.set_input(image[None], 0)
        interpreter.invoke()
        scores.append(interpreter.get_output(0)[0])
    difference = np.abs(np.stack(scores).astype(int) - ask_reference(file.flatbuffer, images))
    assert not difference[0].any()
    assert difference.max() <= 4
    assert np.mean(difference.any(axis=1)) <= 0.1


def test_whole_file_with_metadata_runs(runtime: object) -> None:
    interpreter = runtime.Interpreter.from_file(find_model("edge_cnn_s"), arena_size=60_000)
    interpreter.invoke()


@pytest.mark.parametrize("recipe", ["float32", "float16", "dynamic"])
def test_float_models_are_refused(recipe: str, model_files: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match=r"computes in floats, and no microcontroller's runtime takes such files"):
        check_runs(read_model(model_files[recipe]))


def test_operators_in_order() -> None:
    file = read_model(MODELS["edge_cnn_s"])
    assert check_runs(file) == ["QUANTIZE", "CONV_2D", "ADD", "MEAN", "FULLY_CONNECTED", "SOFTMAX"]


@pytest.mark.parametrize("name", ["edge_cnn_s", "every_operator"])
def test_kit_compiles(name: str, tmp_path: Path) -> None:
    """Against stand-ins for TFLM's headers: its own are not on this machine."""
    if shutil.which("g++") is None:
        pytest.skip("g++ is not installed")
    file = read_model(MODELS[name])
    face = selftest_face()
    selftest = SelfTest(face, ask_reference(file.flatbuffer, face[None, ..., None])[0])
    array = to_c_array(file, "my-face")
    files = {"my-face.h": array.header, **write_kit(file, "my-face", array_symbol("my-face"), selftest)}
    methods = "".join(f"TfLiteStatus {name}() {{ return kTfLiteOk; }} " for name in sorted(named_methods(files)))
    for path, text in {**files, **STUBS}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text.replace("METHODS", methods))
    command = ["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-I.", "-c", "my-face_main.cc"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def named_methods(files: dict[str, str]) -> set[str]:
    return set(re.findall(r"resolver\.(\w+)\(\)", "".join(files.values())))
