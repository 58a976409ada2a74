"""Stopping the commands at random moments leaves nothing half-done; the long form is `tools.interruption.interrupt`."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import signals_heard

from tools.interruption.interrupt import main
from tools.interruption.whole import broken

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends signals")

INTERRUPTED_WHILE_LOADING = """
import signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "fer_edge.cli":
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Finder())
from fer_edge.__main__ import main
main()
"""


def test_each_signal_once(capsys: pytest.CaptureFixture[str]) -> None:
    with signals_heard():
        assert main(["--times", "1", "--commands", "predict"]) == 0
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == [
        "predict, SIGINT",
        "predict, SIGTERM",
        "predict, SIGHUP",
        "predict, SIGKILL",
    ]


def test_half_files_are_found(tmp_path: Path) -> None:
    (tmp_path / "faces.csv").write_text("a,b\n1")
    (tmp_path / "report.html").write_text("<html>")
    assert "not whole" in broken(tmp_path / "faces.csv")
    assert "not whole" in broken(tmp_path / "report.html")
    (tmp_path / "faces.csv").write_text("a,b\n1,2\n")
    assert broken(tmp_path / "faces.csv") == ""


def test_interrupted_while_it_loads_it_ends_without_a_traceback() -> None:
    with signals_heard():
        done = subprocess.run(
            [sys.executable, "-c", INTERRUPTED_WHILE_LOADING], capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")
