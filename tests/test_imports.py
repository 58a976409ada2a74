"""Who imports whom, and what a device never has to load."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

HEAVY = ("tensorflow", "keras", "cv2", "typer", "rich", "matplotlib", "skimage", "sklearn", "pandas")


def loaded_by(program: str) -> set[str]:
    """Return the top-level modules that a fresh Python has loaded after `program`."""
    report = "\nimport json, sys; json.dump(sorted({name.partition('.')[0] for name in sys.modules}), sys.stderr)"
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
    assert not {"numpy", "tensorflow", "keras", "cv2", "matplotlib", "skimage"} & loaded
