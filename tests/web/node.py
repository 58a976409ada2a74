"""Runs the browser's engine in Node, see engine.mjs; skips where there is none."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

HERE = Path(__file__).parent
NODE = shutil.which("node")


def run_engine(task: str, folder: Path, **job: Any) -> Any:
    """Return what a task prints; what it writes to the file `output` is in `folder`."""
    if NODE is None:
        pytest.skip("the engine of the web page is tested in Node 20 or newer, which is not installed")
    path = folder / "job.json"
    path.write_text(json.dumps({"task": task, "output": str(folder / "output"), **job}, default=str))
    done = subprocess.run([NODE, HERE / "engine.mjs", path], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def store_pictures(pictures: list[np.ndarray], folder: Path) -> dict[str, Any]:
    """Write BGR pictures as browsers have them; return what the job says of them."""
    path = folder / "pictures"
    path.write_bytes(b"".join(cv2.cvtColor(picture, cv2.COLOR_BGR2RGBA).tobytes() for picture in pictures))
    return {"pictures": path, "sizes": [[picture.shape[1], picture.shape[0]] for picture in pictures]}


def random_pictures(sizes: list[tuple[int, int]], seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (height, width, 3), dtype=np.uint8) for width, height in sizes]
