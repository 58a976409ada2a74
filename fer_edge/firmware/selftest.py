"""The face with which generated C checks itself, on whatever it runs."""

from __future__ import annotations

from importlib import resources

import numpy as np
import numpy.typing as npt

from fer_edge.types import FACE_SIZE


def selftest_face() -> npt.NDArray[np.uint8]:
    """Return a smiling face (48 x 48, grey) from NASA's portrait of Eileen Collins, which is in the public domain."""
    pixels = resources.files("fer_edge").joinpath("assets/selftest_face.gray").read_bytes()
    return np.frombuffer(pixels, np.uint8).reshape(FACE_SIZE, FACE_SIZE)
