"""Keep a run that still goes on in little space: ``python -m tools.generate.pack_run RUN FOLDER``.

Writes the recipe, the teachers' answers and the checkpoint, all numbers in half precision, to FOLDER, where
`fer-edge train --resume FOLDER` goes on. What was there of an earlier state is replaced.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from fer_edge.train.run import RunFolder


def main(source: str, target: str) -> int:
    """Pack the run."""
    run, packed = RunFolder(Path(source)), RunFolder(Path(target))
    state = run.read_state()
    if state is None:
        print(f"{run.path} has no checkpoint yet.", file=sys.stderr)
        return 1
    packed.path.mkdir(parents=True, exist_ok=True)
    shutil.copy(run.recipe, packed.recipe)
    if run.answers.is_file():
        shutil.copy(run.answers, packed.answers)
    packed.write_state(state.halved())
    print(f"{packed.checkpoint}: {packed.checkpoint.stat().st_size:,} bytes after {len(state.history)} epochs")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
