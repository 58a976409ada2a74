"""The generated C computes what the reference kernels compute, bit for bit, and is C that every compiler takes."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from firmware.compiled import STRICT, Library, compile_c, pointer
from helpers import random_faces
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_edge.firmware.selftest import selftest_face
from fer_edge.firmware.source import CSource, SelfTest, write_c
from fer_edge.modelfile.metadata import ModelFile, read_model
from fer_edge.modelfile.seal import append_metadata
from fer_edge.runtime.bundled import find_model
from fer_edge.runtime.preprocess import to_face
from fer_edge.runtime.reference import ask_reference

EVERY_OPERATOR = Path(__file__).parents[1] / "fixtures/every_operator.int8.tflite"
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1")

MAIN = """
#include "fer_edge.h"
#include <stdio.h>
static uint8_t face[FER_EDGE_PIXELS], scores[FER_EDGE_CLASSES];
int main(void) {
    const int failed = fer_edge_selftest();
    while (fread(face, sizeof face, 1, stdin) == 1) {
        fer_edge_classify(face, scores);
        fwrite(scores, sizeof scores, 1, stdout);
    }
    return -failed;
}
"""


@pytest.fixture(scope="module", params=["edge_cnn_s", "edge_cnn_m"])
def bundled(request: pytest.FixtureRequest) -> ModelFile:
    return read_model(find_model(request.param))


@pytest.fixture(scope="module")
def small() -> ModelFile:
    return read_model(find_model("edge_cnn_s"))


@pytest.fixture(scope="module")
def small_c(small: ModelFile) -> CSource:
    face = selftest_face()
    return write_c(small, selftest=SelfTest(face, ask_reference(small.flatbuffer, face[None, ..., None])[0]))


@pytest.fixture(scope="module")
def library(small_c: CSource, tmp_path_factory: pytest.TempPathFactory) -> Library:
    return Library(small_c, tmp_path_factory.mktemp("library"))


def test_bundled_networks_are_the_reference_kernels(bundled: ModelFile, faces: np.ndarray, tmp_path: Path) -> None:
    images = np.concatenate([faces[:12], random_faces(6), selftest_face()[None, ..., None]])
    images = np.concatenate([images, np.zeros_like(images[:1]), np.full_like(images[:1], 255)])
    scores = Library(write_c(bundled), tmp_path).classify(images)
    assert np.array_equal(scores, ask_reference(bundled.flatbuffer, images))


def blocks(count: int) -> np.ndarray:
    """Return faces of coarse noise, whose scores vary more than those of fine noise."""
    coarse = np.random.default_rng(4).integers(0, 256, (count, 4, 4, 1), dtype=np.uint8)
    return coarse.repeat(12, 1).repeat(12, 2)


def test_every_operator(faces: np.ndarray, tmp_path: Path) -> None:
    file = read_model(EVERY_OPERATOR)
    c = write_c(file)
    for kernel in ("convolve(", "convolve_depthwise(", "pool(", "average(", "connect(", "to_probabilities(", "add("):
        assert f"    {kernel}&layer" in c.source
    images = np.concatenate([faces, random_faces(60), blocks(3000)])
    expected = ask_reference(file.flatbuffer, images)
    assert len(np.unique(expected, axis=0)) > 20
    assert np.array_equal(Library(c, tmp_path).classify(images), expected)


@pytest.mark.parametrize("level", ["-O0", "-O3"])
def test_any_optimisation(level: str, small: ModelFile, small_c: CSource, faces: np.ndarray, tmp_path: Path) -> None:
    scores = Library(small_c, tmp_path, *STRICT, level).classify(faces[:3])
    assert np.array_equal(scores, ask_reference(small.flatbuffer, faces[:3]))


@pytest.mark.parametrize("standard", ["c99", "c11", "gnu17"])
def test_strict_c(standard: str, small_c: CSource, tmp_path: Path) -> None:
    compile_c(small_c, tmp_path, *STRICT, f"-std={standard}", "-c", "fer_edge.c")


def test_strict_cpp(small_c: CSource, tmp_path: Path) -> None:
    options = ("-x", "c++", "-std=c++11", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
    compile_c(small_c, tmp_path, *options, "-c", "fer_edge.c", compiler="g++")


def test_sanitizers_find_nothing(small: ModelFile, small_c: CSource, faces: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text(MAIN)
    compile_c(small_c, tmp_path, *SANITIZERS, "main.c", "fer_edge.c", "-o", "program")
    done = subprocess.run([tmp_path / "program"], input=faces[:4].tobytes(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == ask_reference(small.flatbuffer, faces[:4]).tobytes()


def test_no_function_of_any_library(small_c: CSource, tmp_path: Path) -> None:
    compile_c(small_c, tmp_path, "-std=c99", "-O2", "-fno-builtin", "-c", "fer_edge.c", "-o", "fer_edge.o")
    needed = subprocess.run(["nm", "-u", tmp_path / "fer_edge.o"], capture_output=True, text=True, check=True).stdout
    assert set(needed.split()) - {"U", "memset", "memcpy", "_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail"} == set()


def test_selftest_passes_and_can_fail(small_c: CSource, library: Library, tmp_path: Path) -> None:
    assert library.functions.fer_edge_selftest() == 0
    broken = re.sub(
        r"(bias_\d+\[7\] = \{\n    )(-?\d+)", lambda found: f"{found[1]}{int(found[2]) + 5000}", small_c.source
    )
    assert broken != small_c.source
    other = Library(CSource(small_c.header, broken, 0, 0), tmp_path)
    assert other.functions.fer_edge_selftest() == -3


def test_callers_arena(small: ModelFile, small_c: CSource, library: Library, faces: np.ndarray) -> None:
    face, scores = faces[0].copy(), np.empty(7, np.uint8)
    arena = np.full(small_c.arena_bytes + 16, 0xA5, np.uint8)
    start = -arena.ctypes.data % 8
    call = library.functions.fer_edge_classify_in

    def classify(offset: int, size: int) -> int:
        return call(pointer(arena[start + offset :]), size, pointer(face), pointer(scores))

    assert classify(0, small_c.arena_bytes - 1) == -1
    assert classify(2, small_c.arena_bytes) == -1
    assert classify(0, small_c.arena_bytes) == scores.argmax()
    assert np.array_equal(scores, ask_reference(small.flatbuffer, face[None])[0])
    outside = np.delete(arena, np.arange(start, start + small_c.arena_bytes))
    assert (outside == 0xA5).all()


def test_static_arena_can_be_left_out(small_c: CSource, tmp_path: Path) -> None:
    compile_c(small_c, tmp_path, *STRICT, "-DFER_EDGE_STATIC_ARENA=0", "-c", "fer_edge.c", "-o", "fer_edge.o")
    symbols = subprocess.run(["nm", tmp_path / "fer_edge.o"], capture_output=True, text=True, check=True).stdout
    assert " fer_edge_classify_in\n" in f"{symbols}\n"
    assert not re.search(r" (fer_edge_classify|fer_edge_selftest|static_arena)\n", symbols)


def test_two_models_in_one_program(small_c: CSource, small: ModelFile, tmp_path: Path) -> None:
    other = write_c(small, "other")
    (tmp_path / "other.h").write_text(other.header)
    (tmp_path / "other.c").write_text(other.source)
    (tmp_path / "main.c").write_text(
        '#include "fer_edge.h"\n#include "other.h"\nstatic uint8_t face[OTHER_PIXELS], a[7], b[7];\n'
        "int main(void) { return fer_edge_classify(face, a) == other_classify(face, b) ? 0 : 1; }\n"
    )
    compile_c(small_c, tmp_path, *STRICT, "main.c", "fer_edge.c", "other.c", "-o", "program")
    assert subprocess.run([tmp_path / "program"], check=False).returncode == 0


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_crop_is_the_runtimes(library: Library, width: int, height: int, seed: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (height + 2, width + 3), dtype=np.uint8)
    part = picture[1 : 1 + height, 2 : 2 + width]
    assert np.array_equal(library.crop(part), to_face(part)[..., 0])


@pytest.mark.parametrize("size", [(48, 48), (96, 96), (96, 144), (72, 72), (1000, 1000), (48, 49), (47, 500)])
def test_crop_of_usual_sizes(library: Library, size: tuple[int, int]) -> None:
    picture = np.random.default_rng(3).integers(0, 256, size, dtype=np.uint8)
    assert np.array_equal(library.crop(picture), to_face(picture)[..., 0])


def test_crop_of_nothing(library: Library) -> None:
    pixels = np.empty(48 * 48, np.uint8)
    for width, height in ((0, 48), (48, 0), (-1, 48)):
        assert library.functions.fer_edge_crop(pointer(pixels), width, height, 48, pointer(pixels)) == -2


def test_labels_cannot_become_code(small: ModelFile, tmp_path: Path) -> None:
    hostile = ['"; #error taken', "*/ #error taken", "**//", "??/", "\\", "a\n*/ int x;", 'ä"\u2028*/']
    c = write_c(read_model(append_metadata(small.flatbuffer, small.metadata.content | {"labels": hostile})))
    (tmp_path / "main.c").write_text(
        '#include "fer_edge.h"\n#include <stdio.h>\nstatic const char *const labels[] = FER_EDGE_LABELS;\n'
        'int main(void) { for (int i = 0; i < FER_EDGE_CLASSES; i++) printf("%s%c", labels[i], 0); return 0; }\n'
    )
    compile_c(c, tmp_path, *STRICT, "-trigraphs", "-Wno-error=trigraphs", "main.c", "fer_edge.c", "-o", "program")
    said = subprocess.run([tmp_path / "program"], capture_output=True, check=True).stdout
    assert said.decode().split("\0")[:-1] == hostile
