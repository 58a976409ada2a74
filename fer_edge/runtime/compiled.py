"""An interpreter for machines that have none: the generated C, compiled by the machine's own compiler.

`FER_EDGE_INTERPRETER=c` chooses it. The first use of a model compiles it, which takes seconds on a small computer;
the library then stays in the cache folder. It computes int8 models only, on one thread.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.errors import ModelError
from fer_edge.firmware.network import read_network
from fer_edge.firmware.source import CSource, write_c
from fer_edge.modelfile.checksum import sha256
from fer_edge.modelfile.metadata import ModelFile, ModelMetadata
from fer_edge.types import FACE_SIZE

COMPILERS = ("cc", "gcc", "clang")
"""Tried in this order, unless $CC names another."""

FLAGS = ("-std=c99", "-O3", "-fPIC", "-shared")
NATIVE = ("-march=native", "-mcpu=native", "")
"""What lets a compiler use all that this processor has; not every compiler knows each."""

INPUT, OUTPUT = 0, 1
"""The numbers of the two tensors."""


class Interpreter:
    """The part of TensorFlow Lite's interpreter that fer-edge uses.

    Args:
        model_content: a verified FlatBuffer.
        num_threads: ignored: the C has one thread.

    Raises:
        ModelError: the C kernels cannot compute the model, or there is no compiler, or it fails.
    """

    def __init__(self, model_content: bytes, num_threads: int = 1) -> None:
        del num_threads
        network = read_network(model_content)
        library = ctypes.CDLL(str(find_library(model_content)))
        self._function = library.fer_edge_classify_in
        self._function.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p)
        arena_bytes = int(library.fer_edge_arena_bytes())
        self._arena = np.empty(arena_bytes // 4, np.int32)
        self._pixels = np.zeros((1, FACE_SIZE, FACE_SIZE, 1), np.uint8)
        self._scores = np.zeros((1, network.classes), np.uint8)
        self._call = (self._arena.ctypes.data, arena_bytes, self._pixels.ctypes.data, self._scores.ctypes.data)
        self._scale = (network.score_scale, network.score_zero)

    def allocate_tensors(self) -> None:
        """Do nothing: all memory is there."""

    def get_input_details(self) -> list[dict[str, Any]]:
        """Return what TensorFlow Lite's interpreter says of its input."""
        return [_details(INPUT, self._pixels, (1.0, 0))]

    def get_output_details(self) -> list[dict[str, Any]]:
        """Return what TensorFlow Lite's interpreter says of its output."""
        return [_details(OUTPUT, self._scores, self._scale)]

    def set_tensor(self, index: int, value: npt.NDArray[np.uint8]) -> None:
        """Copy pixels to the input.

        Raises:
            ValueError: another tensor, shape or dtype.
        """
        if index != INPUT or value.shape != self._pixels.shape or value.dtype != np.uint8:
            raise ValueError(f"expected uint8 {self._pixels.shape} for tensor {INPUT}, got {value.dtype} {value.shape}")
        self._pixels[:] = value

    def invoke(self) -> None:
        """Compute the scores."""
        if self._function(*self._call) < 0:
            raise RuntimeError("the generated C refuses its own working memory")

    def get_tensor(self, index: int) -> npt.NDArray[np.uint8]:
        """Return a copy of the scores (1 x classes).

        Raises:
            ValueError: another tensor.
        """
        if index != OUTPUT:
            raise ValueError(f"expected tensor {OUTPUT}, got {index}")
        return self._scores.copy()


def _details(index: int, tensor: npt.NDArray[np.uint8], quantization: tuple[float, int]) -> dict[str, Any]:
    return {"index": index, "shape": np.array(tensor.shape), "dtype": np.uint8, "quantization": quantization}


def find_library(flatbuffer: bytes) -> Path:
    """Return the shared library of a model, compiled now unless it is in the cache folder.

    Raises:
        ModelError: the C kernels cannot compute the model, or there is no compiler, or it fails.
    """
    library = cache_folder() / f"{_key(flatbuffer)}.so"
    if not library.is_file():
        metadata = ModelMetadata("model", "int8", (), {"flatbuffer_sha256": sha256(flatbuffer)})
        _compile(write_c(ModelFile(flatbuffer, metadata)), library)
    return library


def cache_folder() -> Path:
    """Return where compiled models stay: fer-edge/c in $XDG_CACHE_HOME, else in ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fer-edge" / "c"


def _key(flatbuffer: bytes) -> str:
    """Return a name for what the library depends on: the model, our source, the processor."""
    digest = hashlib.sha256(flatbuffer)
    for folder in ("kernels", "firmware"):
        for source in sorted((Path(__file__).parents[1] / folder).glob("*.[cp]*")):
            digest.update(source.read_bytes())
    digest.update(f"{platform.machine()} {_processor()}".encode())
    return digest.hexdigest()[:32]


def _processor() -> str:
    """Return what Linux says of the processor's kind: a home folder may be shared by several computers."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    kinds = ("model name", "flags", "Features", "CPU part")
    return "".join(sorted({line for line in lines if line.startswith(kinds)}))


def _compile(c: CSource, library: Path) -> None:
    compiler = os.environ.get("CC") or next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        raise ModelError("FER_EDGE_INTERPRETER=c needs a C compiler. Run 'sudo apt install gcc'.")
    try:
        library.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=library.parent) as name:
            folder = Path(name)
            (folder / "fer_edge.h").write_text(c.header)
            source = c.source + "\nint fer_edge_arena_bytes(void);\nint fer_edge_arena_bytes(void)\n"
            (folder / "fer_edge.c").write_text(source + "{\n    return FER_EDGE_ARENA_BYTES;\n}\n")
            _run(compiler, folder)
            os.replace(folder / "library.so", library)
    except OSError as error:
        raise ModelError(f"The C of the model cannot be compiled in {library.parent}: {error}.") from error


def _run(compiler: str, folder: Path) -> None:
    """Let the compiler make library.so of fer_edge.c in a folder."""
    said = ""
    for native in NATIVE:
        command = [*compiler.split(), *FLAGS, *filter(None, [native]), "fer_edge.c", "-o", "library.so"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        said = (done.stderr.strip().splitlines() or ["no message"])[0]
    raise ModelError(f"The compiler '{compiler}' cannot compile the C of the model: {said}")
