"""Runs fer-edge's own C on 32-bit Raspberry Pi OS Trixie, for which no interpreter has a wheel: ``make trixie-test``.

    python -m tools.device.trixie_test [--required]

Trixie's own Python 3.13 and NumPy run in QEMU as on a Pi 2, with `FER_EDGE_INTERPRETER=c`. The compiler is Debian's
cross compiler: a program that an emulated one starts is not emulated. Scores must be those of the reference kernels
here, bit for bit.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from fer_edge.modelfile.metadata import read_model
from fer_edge.runtime.bundled import find_model
from fer_edge.runtime.reference import ask_reference
from tools.device.debian import unpack_packages
from tools.device.devices import BUILD, PI32, ROOT
from tools.device.setup import make_root, missing_tools
from tools.options import read_options, skip

DEBIAN = BUILD / "debian-armhf-trixie"
DEVICE = BUILD / "pi32-trixie"
TOOLS = BUILD / "debian-amd64-arm"
PACKAGES = ("python3", "python3-numpy")
TOOL_PACKAGES = ("qemu-user", "gcc-arm-linux-gnueabihf", "libc6-dev-armhf-cross")
COMPILER_LIBRARIES = (
    *("libisl", "libmpc", "libmpfr", "libgmp", "libzstd", "libjansson"),
    *("libbfd", "libopcodes", "libctf", "libsframe"),
)
"""What the compiler, assembler and linker load besides glibc, of which the host's must do."""
MODELS = {"edge_cnn_s": 30, "edge_cnn_m": 4}
"""Network -> how many faces it scores: the emulator takes its time."""

PROGRAM = """
import sys
import numpy as np
from fer_edge.runtime import EmotionClassifier
model, faces, scores = sys.argv[1:]
with EmotionClassifier(model) as classifier:
    answers = classifier.predict_batch(np.load(faces))
np.save(scores, np.rint(np.stack([answer.probabilities for answer in answers]) * 256).astype(np.uint8))
print(sys.version.split()[0], np.__version__)
"""


def main() -> int:
    """Set up, run, compare; the exit code is 1 if a score differs."""
    options = read_options(__doc__)
    if missing := missing_tools():
        return skip("Trixie test", missing, required=options.required)
    BUILD.mkdir(parents=True, exist_ok=True)
    unpack_packages("armhf", PACKAGES, DEBIAN, release="trixie")
    unpack_packages("amd64", TOOL_PACKAGES, TOOLS)
    make_root(DEVICE, DEBIAN, PI32.cpuinfo, PI32.board)
    wrong = 0
    for name, count in MODELS.items():
        faces = np.random.default_rng(2).integers(0, 256, (count, 6, 6, 1), dtype=np.uint8).repeat(8, 1).repeat(8, 2)
        expected = ask_reference(read_model(find_model(name)).flatbuffer, faces)
        scores, versions = ask_device(name, faces)
        differ = int(np.count_nonzero(scores != expected))
        wrong += differ
        verdict = "FAILED" if differ else "passed"
        print(f"{verdict}  {name} on {versions}: {expected.size - differ} of {expected.size} scores")
    return 1 if wrong else 0


def ask_device(model: str, faces: np.ndarray) -> tuple[np.ndarray, str]:
    """Return the scores (N x classes) of a model on the device, and the versions of Python and NumPy there."""
    with tempfile.TemporaryDirectory() as name:
        inputs, outputs = Path(name, "faces.npy"), Path(name, "scores.npy")
        np.save(inputs, faces)
        versions = run_device(model, inputs, outputs)
        return np.load(outputs), versions


def run_device(model: str, inputs: Path, outputs: Path) -> str:
    """Let the device score the faces of one file into another; return what its program printed."""
    environment = os.environ | {
        "CC": str(compiler()),
        "FER_EDGE_INTERPRETER": "c",
        "PYTHONNOUSERSITE": "1",
        "PYTHONPATH": str(ROOT),
        "XDG_CACHE_HOME": str(BUILD / "trixie-cache"),
    }
    emulator = [TOOLS / "lib64/ld-linux-x86-64.so.2", "--library-path", libraries(), TOOLS / "usr/bin/qemu-arm"]
    python = [*emulator, "-cpu", PI32.core, "-L", DEVICE, DEVICE / "usr/bin/python3.13"]
    command = [*python, "-c", PROGRAM, model, inputs, outputs]
    done = subprocess.run([*map(str, command)], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{model}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def compiler() -> Path:
    """Return a program that runs the cross compiler with its own libraries; a Python in the emulator starts it."""
    script = BUILD / "arm-cc"
    root = TOOLS / "usr"
    script.write_text(
        f"#!/bin/sh\nLD_LIBRARY_PATH={BUILD / 'arm-libraries'} exec {root / 'bin/arm-linux-gnueabihf-gcc'} "
        f'--sysroot={TOOLS} "$@"\n'
    )
    script.chmod(0o755)
    folder = BUILD / "arm-libraries"
    folder.mkdir(exist_ok=True)
    for library in (root / "lib/x86_64-linux-gnu").glob("lib*.so*"):
        link = folder / library.name
        if library.name.startswith(COMPILER_LIBRARIES) and not link.exists():
            link.symlink_to(library)
    return script


def libraries() -> str:
    """Return where the emulator finds its libraries."""
    return ":".join(str(TOOLS / folder / "x86_64-linux-gnu") for folder in ("usr/lib", "lib"))


if __name__ == "__main__":
    sys.exit(main())
