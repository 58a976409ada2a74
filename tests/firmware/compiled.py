"""Generated C, compiled for this machine and called from Python."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from fer_edge.firmware.source import CSource

STRICT = (
    *("-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wcast-align", "-Wundef"),
    *("-Wstrict-prototypes", "-Wmissing-prototypes", "-Werror"),
)


def compile_c(c: CSource, folder: Path, *options: str, compiler: str = "gcc", name: str = "fer_edge") -> None:
    """Write both files to a folder and run a compiler on them there."""
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    (folder / f"{name}.h").write_text(c.header)
    (folder / f"{name}.c").write_text(c.source)
    done = subprocess.run([compiler, *options], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Library:
    """The functions of the C, for NumPy arrays."""

    def __init__(self, c: CSource, folder: Path, *options: str) -> None:
        compile_c(c, folder, *(options or (*STRICT, "-O2")), "-shared", "-fPIC", "fer_edge.c", "-o", "library.so")
        self.functions = ctypes.CDLL(str(folder / "library.so"))

    def classify(self, faces: np.ndarray, classes: int = 7) -> np.ndarray:
        scores = np.empty((len(faces), classes), np.uint8)
        for face, row in zip(np.ascontiguousarray(faces), scores, strict=True):
            best = self.functions.fer_edge_classify(pointer(face), pointer(row))
            assert best == row.argmax()
        return scores

    def crop(self, picture: np.ndarray) -> np.ndarray:
        """Crop a picture that may be a view of a larger one."""
        pixels = np.empty((48, 48), np.uint8)
        height, width = picture.shape
        assert self.functions.fer_edge_crop(pointer(picture), width, height, picture.strides[0], pointer(pixels)) == 0
        return pixels


def pointer(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
