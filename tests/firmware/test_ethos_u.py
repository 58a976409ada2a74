"""Arm's own compiler maps all of our operators to an Ethos-U (docs/microcontrollers.md)."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from fer_edge.runtime.bundled import find_model


@pytest.mark.parametrize("accelerator", ["ethos-u55-128", "ethos-u65-256"])
def test_every_operator_is_mapped(accelerator: str, tmp_path: Path) -> None:
    pytest.importorskip("ethosu.vela", reason="ethos-u-vela has no wheel for this machine")
    command = [sys.executable, "-m", "ethosu.vela", find_model("edge_cnn_s"), "--output-dir", tmp_path]
    done = subprocess.run([*command, "--accelerator-config", accelerator], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "CPU operators = 0 (0.0%)" in done.stdout
    assert "NPU operators" in done.stdout
    (summary,) = tmp_path.glob("*summary*.csv")
    with summary.open() as file:
        assert len(list(csv.DictReader(file))) == 1
    assert list(tmp_path.glob("*_vela.tflite"))
