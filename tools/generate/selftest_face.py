"""Writes the face that generated C checks itself with: from NASA's portrait of Eileen Collins, public domain."""

from __future__ import annotations

from pathlib import Path

from skimage.data import astronaut

from fer_edge.runtime.preprocess import to_face

TARGET = Path(__file__).parents[2] / "fer_edge/assets/selftest_face.gray"
TOP, LEFT, EDGE = 66, 172, 108
"""Where the face is in scikit-image's copy, in pixels."""


def main() -> None:
    """Write 48 x 48 grey pixels, row by row."""
    picture = astronaut()[..., ::-1]  # OpenCV's order of colours
    TARGET.write_bytes(to_face(picture[TOP : TOP + EDGE, LEFT : LEFT + EDGE]).tobytes())


if __name__ == "__main__":
    main()
