"""Writes what the emulated devices are tested with and cannot make themselves.

Not collected by its name: tools/device runs it, with the folder in $FER_EDGE_DEVICE_FILES.
"""

import os
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
FILES = Path(os.environ["FER_EDGE_DEVICE_FILES"])


def test_fixtures(faces, portrait) -> None:
    np.save(FILES / "faces.npy", faces)
    np.save(FILES / "portrait.npy", portrait)


def test_bundled_networks() -> None:
    """The int8 files as they ship, and float files of the same networks, converted from models/."""
    from fer_edge.convert.converter import Converter
    from fer_edge.convert.recipes import find_recipe
    from fer_edge.kerasfile.load import load_keras
    from fer_edge.runtime.bundled import ASSETS

    (FILES / "models").mkdir()
    shipped = sorted(Path(ASSETS).glob("*.int8.tflite"))
    assert shipped
    for path in shipped:
        (FILES / "models" / path.name).write_bytes(path.read_bytes())
        network = path.name.removesuffix(".int8.tflite")
        converter = Converter(load_keras(ROOT / "models" / f"{network}.keras"))
        for name in ("float32", "float16"):
            content = converter.convert(find_recipe(name)).content
            (FILES / "models" / f"{network}.{name}.tflite").write_bytes(content)


def test_real_faces() -> None:
    from fer_edge.data.fer2013 import read_public_faces

    faces = read_public_faces()
    assert len(faces) == 100
    np.save(FILES / "public_faces.npy", faces)
