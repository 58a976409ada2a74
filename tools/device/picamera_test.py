"""Installs fer-edge beside what picamera2 needs, as on Raspberry Pi OS: ``make picamera-test``.

The system's simplejpeg, which picamera2 imports, is compiled for the system's NumPy. On Bookworm that is NumPy 1,
and an install that lifts it to 2 breaks the camera. The same versions come from PyPI here, under this Python.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tools.device.setup import build_wheel, wheel_file
from tools.options import read_options, skip

PORTRAIT = Path(__file__).parents[2] / "fer_edge/assets/astronaut.jpg"
OUTSIDE = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
"""Of this checkout, so that the installed package is what is used."""
USE_BOTH = """
import sys
import numpy, simplejpeg
from fer_edge import FaceAnalyzer
picture = numpy.zeros((16, 16, 3), numpy.uint8)
assert simplejpeg.decode_jpeg(simplejpeg.encode_jpeg(picture)).shape == picture.shape
(face,) = FaceAnalyzer().analyze(sys.argv[1])
print(f"NumPy {numpy.__version__}, simplejpeg {simplejpeg.__version__}, {face.prediction.label}")
"""


@dataclass(frozen=True)
class System:
    """What one release of Raspberry Pi OS brings, and what docs/raspberry-pi.md says to install there."""

    name: str
    brings: tuple[str, ...]
    install: tuple[str, ...]
    """Beside fer-edge's own wheel."""


SYSTEMS = (
    System("Bookworm", ("numpy==1.24.2", "simplejpeg==1.6.6"), ("numpy<2",)),
    System("Trixie", ("numpy==2.2.4", "simplejpeg==1.8.1"), ()),
)


def main() -> int:
    """Try every system; print a line each."""
    options = read_options(__doc__)
    build_wheel()
    for system in SYSTEMS:
        with tempfile.TemporaryDirectory() as folder:
            python = str(Path(folder) / "bin/python")
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            if pip_install(python, *system.brings):
                wheels = [f"{package} as a wheel" for package in system.brings]
                if code := skip(system.name, wheels, required=options.required):
                    return code
                continue
            if code := pip_install(python, str(wheel_file()), *system.install):
                return code
            command = [python, "-c", USE_BOTH, str(PORTRAIT)]
            done = subprocess.run(command, check=False, cwd=folder, env=OUTSIDE, stdout=subprocess.PIPE, text=True)
            if done.returncode:
                print(f"{system.name}: failed")
                return 1
            print(f"{system.name}: {done.stdout.strip().splitlines()[-1]}")
    return 0


def pip_install(python: str, *packages: str) -> int:
    """Install packages; return pip's exit status."""
    line = [python, "-m", "pip", "install", "--quiet", "--only-binary", "numpy,simplejpeg", *packages]
    return subprocess.run(line, check=False, env=OUTSIDE).returncode


if __name__ == "__main__":
    sys.exit(main())
