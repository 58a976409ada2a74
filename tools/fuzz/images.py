"""Damages image files in many ways and tells what came of each: a process of its own, since it may crash.

    python images.py COUNT SEED FILE...

Prints the number of a case before it is tried, and then one line of JSON: file -> outcome -> count, and
the memory that the process took at its peak.
"""

import json
import random
import sys
from collections import Counter
from pathlib import Path

from damage import ON_ANY_FILE

from fer_edge.benchmarks.worker import peak_memory_mb
from fer_edge.errors import ImageError
from fer_edge.runtime import preprocess
from fer_edge.runtime.image_header import image_size
from fer_edge.runtime.preprocess import decode_grey, read_picture

preprocess.MAX_PIXELS = 1_000_000  # 50 million would take long, and be no other case


def outcome_of(path: Path) -> str:
    """Read the file in both ways; a picture must have the size of the header and one picture's form."""
    try:
        picture = read_picture(path)
    except ImageError as error:
        return "refused" if "\n" not in str(error) else "refused in more than a line"
    size = image_size(path.read_bytes())
    assert sorted(picture.shape[:2]) == sorted(size)
    assert (picture.shape[2:], picture.dtype.name) == ((3,), "uint8")
    assert picture.size <= 3 * preprocess.MAX_PIXELS
    assert decode_grey(path.read_bytes()).shape == picture.shape[:2]
    return "a picture"


def main(count: str, seed: str, *files: str) -> None:
    """Damage each file so many times."""
    rng = random.Random(int(seed))
    outcomes = {}
    for file in map(Path, files):
        sound = file.read_bytes()
        damaged = file.with_suffix(".damaged")
        counts: Counter[str] = Counter()
        for index in range(int(count)):
            print("case", file.name, index, flush=True)
            damaged.write_bytes(ON_ANY_FILE[index % len(ON_ANY_FILE)](bytearray(sound), rng))
            counts[outcome_of(damaged)] += 1
        outcomes[file.name] = counts
    print(json.dumps({"outcomes": outcomes, "peak_mb": peak_memory_mb()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
