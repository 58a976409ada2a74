"""The real FER2013, where this machine has it."""

import json
import subprocess
import sys

import pytest

from fer_edge.data.fer2013 import find_data

FER2013 = find_data(None)
pytestmark = pytest.mark.skipif(FER2013 is None, reason="FER2013 is not on this machine (--data, FER_EDGE_DATA)")

# angry, disgust, fear, happy, neutral, sad, surprise; as the challenge published them.
TRAIN = [3995, 436, 4097, 7215, 4965, 4830, 3171]
PUBLIC = [467, 56, 496, 895, 607, 653, 415]

READ = """
import json, sys, time
from pathlib import Path
import numpy as np
from fer_edge.memory import peak_memory_mb
from fer_edge.data.fer2013 import read_splits, seen_in
start = time.perf_counter()
splits = read_splits(Path(sys.argv[1]), "train", "public")
seconds = time.perf_counter() - start
memory = peak_memory_mb()
counts = {name: np.bincount(data.labels).tolist() for name, data in splits.items()}
seen = int(seen_in(splits["public"], splits["train"]).sum())
print(json.dumps({"counts": counts, "seen": seen, "seconds": seconds, "memory_mb": memory}))
"""


@pytest.fixture(scope="module")
def reading() -> dict:
    """What a fresh process tells of reading both splits."""
    command = [sys.executable, "-c", READ, str(FER2013)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_counts_of_every_class(reading: dict) -> None:
    assert reading["counts"] == {"train": TRAIN, "public": PUBLIC}
    assert (sum(TRAIN), sum(PUBLIC)) == (28_709, 3_589)


def test_public_images_that_stand_in_train_too(reading: dict) -> None:
    assert reading["seen"] == 280


def test_reads_fast_and_within_a_small_computers_memory(reading: dict) -> None:
    assert reading["seconds"] < 15
    assert reading["memory_mb"] < 400
