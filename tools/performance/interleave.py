"""Time .tflite files of fer-edge in turn, in this one process: ``python -m tools.performance.interleave FILE...``.

Whatever slows the machine down then slows all of them, so their ratios hold where single times do not.
Prints JSON: for each file the median of `predict` in ms of every round.
"""

from __future__ import annotations

import argparse
import json
import sys

from fer_edge.benchmarks.turns import time_in_turn


def main() -> int:
    """Time the files named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    json.dump(time_in_turn(options.files, options.rounds), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
