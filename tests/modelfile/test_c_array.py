"""The C source compiles, and holds the model byte for byte."""

import shutil
import subprocess
from pathlib import Path

import pytest

from fer_edge.modelfile.c_array import to_c_array
from fer_edge.modelfile.metadata import ModelFile, read_model
from fer_edge.modelfile.seal import append_metadata
from fer_edge.types import LABELS

WRITER = """
#include <stdint.h>
#include <stdio.h>
#include "face model.h"
#include "face model.h"
int main(void) {
    if ((uintptr_t)g_face_model % 16) return 1;
    return fwrite(g_face_model, 1, g_face_model_len, stdout) != g_face_model_len;
}
"""


@pytest.fixture
def file(model_files: dict[str, Path]) -> ModelFile:
    return read_model(model_files["int8"])


def read_back(file: ModelFile, folder: Path, compiler: str, *flags: str) -> bytes:
    """Return what a program that includes the array prints of it."""
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    array = to_c_array(file, "face model")
    sources = {"face model.h": array.header, "face model.c": array.source, "main.c": WRITER}
    for name, text in sources.items():
        (folder / name).write_text(text)
    command = [compiler, *flags, "-Wall", "-Wextra", "-Werror", "main.c", "face model.c", "-o", "program"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return subprocess.run([folder / "program"], capture_output=True, check=True).stdout


@pytest.mark.parametrize(
    ("compiler", "flags"),
    [
        ("gcc", ["-std=c11", "-pedantic"]),
        ("gcc", ["-std=c23"]),
        ("g++", ["-std=c++17"]),
    ],
    ids=["C11", "C23", "C++17"],
)
def test_compiled_array_is_the_flatbuffer(compiler: str, flags: list[str], file: ModelFile, tmp_path: Path) -> None:
    if "-std=c23" in flags and not knows("gcc", "-std=c23"):
        pytest.skip("this gcc does not know C23")
    assert read_back(file, tmp_path, compiler, *flags) == file.flatbuffer


def knows(compiler: str, flag: str) -> bool:
    command = [compiler, flag, "-E", "-x", "c", "-"]
    return (
        bool(shutil.which(compiler))
        and not subprocess.run(command, input=b"", capture_output=True, check=False).returncode
    )


def test_comments_tell_labels_and_contract(file: ModelFile) -> None:
    header = to_c_array(file, "model").header
    for index, label in enumerate(LABELS):
        assert f" *   {index} {label}\n" in header
    assert " * Input:  uint8 [1, 48, 48, 1], one face, raw grey pixels 0..255" in header
    assert " * Output: uint8 [1, 7], probabilities in the order of the labels" in header
    assert f"{len(file.flatbuffer)} bytes, SHA-256 {file.metadata.content['flatbuffer_sha256']}" in header


def test_labels_cannot_become_code(file: ModelFile, tmp_path: Path) -> None:
    hostile = ["*/ #error taken", "**//", "??/", "\\", "a\n*/ int x;", "/*", "\u2028*/"]
    forged = read_model(append_metadata(file.flatbuffer, file.metadata.content | {"labels": hostile}))
    header = to_c_array(forged, "model").header
    assert header.count("*/") == to_c_array(file, "model").header.count("*/")
    assert read_back(forged, tmp_path, "gcc", "-std=c11", "-trigraphs") == file.flatbuffer
