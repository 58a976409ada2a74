"""The fixtures of tests/conftest.py for a device without TensorFlow: what prepare.py wrote, read back.

A plugin: pytest -p device_fixtures --noconftest, with the folder in $FER_EDGE_DEVICE_FILES.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

FILES = Path(os.environ["FER_EDGE_DEVICE_FILES"])

# An emulator takes its time, and the search for odd inputs is the business of the real machine.
settings.register_profile(
    "device", max_examples=10, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("device")


def named_files(prefix: str) -> dict[str, Path]:
    return {path.name.removeprefix(prefix): path for path in FILES.glob(f"{prefix}*")}


@pytest.fixture(scope="session")
def model_files() -> dict[str, Path]:
    return named_files("tiny.")


@pytest.fixture(scope="session")
def foreign_flatbuffers() -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in named_files("foreign.").items()}


@pytest.fixture(scope="session")
def faces() -> np.ndarray:
    return np.load(FILES / "faces.npy")


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    return np.load(FILES / "portrait.npy")
