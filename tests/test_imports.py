"""Who imports whom, and what a device never has to load."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

HEAVY = ("tensorflow", "keras", "cv2", "click", "rich", "matplotlib", "skimage", "sklearn", "pandas")


def loaded_by(program: str) -> set[str]:
    """Return the top-level modules that a fresh Python has loaded after `program`."""
    return {name.partition(".")[0] for name in all_loaded_by(program)}


def all_loaded_by(program: str) -> set[str]:
    """Return every module that a fresh Python has loaded after `program`."""
    report = "\nimport json, sys; print(file=sys.stderr); json.dump(sorted(sys.modules), sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program + report], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_import_contracts_hold() -> None:
    lint = Path(sys.executable).parent / "lint-imports"
    command = str(lint) if lint.exists() else shutil.which("lint-imports")
    assert command, "lint-imports belongs to the extra 'dev'"
    done = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_version_costs_nothing() -> None:
    assert not {"numpy", *HEAVY} & loaded_by("import fer_edge")


def test_predicting_a_crop_loads_only_numpy_and_an_interpreter(model_files: dict[str, Path]) -> None:
    loaded = loaded_by(
        "import numpy\n"
        "from fer_edge.runtime import EmotionClassifier\n"
        f"EmotionClassifier({str(model_files['int8'])!r}).predict(numpy.zeros((48, 48), numpy.uint8))"
    )
    assert {"numpy", "fer_edge"} <= loaded
    assert not set(HEAVY) & loaded


@pytest.mark.parametrize(
    "command", ["", "train", "convert", "predict", "bench", "report", "compare", "data", "inspect", "verify", "demo"]
)
def test_help_is_instant(command: str) -> None:
    loaded = loaded_by(
        f"import sys; sys.argv = ['fer-edge', *{command.split()!r}, '--help']\n"
        "from fer_edge.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert end.code == 0"
    )
    assert not {"numpy", "rich", "tensorflow", "keras", "cv2", "matplotlib", "skimage"} & loaded


def test_verify_loads_what_a_model_file_needs_and_no_more() -> None:
    loaded = all_loaded_by(
        "import sys; sys.argv = ['fer-edge', 'verify', 'edge_cnn_s']\n"
        "from fer_edge.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code"
    )
    assert "fer_edge.modelfile.signing" in loaded
    rooms = ("data", "evaluation", "kerasfile", "train", "convert", "benchmarks", "stream")
    strangers = {name for name in loaded if name.startswith(tuple(f"fer_edge.{room}" for room in rooms))}
    assert not strangers
    assert not {"cv2", "matplotlib", "tensorflow", "keras", "cryptography"} & loaded


def test_no_two_modules_share_a_name() -> None:
    """Commands are named as what they run; every other name stands for one thing."""
    names = [path.stem for path in (ROOT / "fer_edge").rglob("*.py") if path.parent.name != "cli"]
    twice = {name for name in names if names.count(name) > 1} - {"__init__", "__main__"}
    assert not twice


def test_no_two_test_files_share_a_name() -> None:
    """They are no packages, so that pytest takes the second for the first, where both run in one process."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert len(names) == len(set(names))
