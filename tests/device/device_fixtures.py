"""The fixtures of tests/conftest.py for a device without scikit-image, which draws two of them: prepare.py did.

A plugin: pytest -p device_fixtures --noconftest, with the folder in $FER_EDGE_DEVICE_FILES.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from conftest import foreign_flatbuffers, model_files
from hypothesis import HealthCheck, settings

__all__ = ["faces", "foreign_flatbuffers", "model_files", "portrait"]

FILES = Path(os.environ["FER_EDGE_DEVICE_FILES"])

# An emulator takes its time, and the search for odd inputs is the business of the real machine.
settings.register_profile(
    "device", max_examples=10, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("device")


@pytest.fixture(scope="session")
def faces() -> np.ndarray:
    return np.load(FILES / "faces.npy")


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    return np.load(FILES / "portrait.npy")
