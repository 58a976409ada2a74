"""A program that is stopped, at whatever moment, leaves no temporary file."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from helpers import signals_heard

from fer_edge import stopping
from fer_edge.errors import OutputError
from fer_edge.stopping import before_removal, leaving_nothing_behind

PROGRAM = """
import os, signal, sys, tempfile, time, shutil
from pathlib import Path
from fer_edge import stopping

def stop():
    os.kill(os.getpid(), signal.{signal})

if "{moment}" == "making":
    mkdir = Path.mkdir
    Path.mkdir = lambda path, **options: (mkdir(path, **options), stop())
if "{moment}" == "removing":
    rmtree = shutil.rmtree
    shutil.rmtree = lambda path, **options: (stop(), rmtree(path, **options), stop())
with stopping.leaving_nothing_behind():
    tempfile.mkdtemp()
    Path(tempfile.mkdtemp(), "file").write_text("x")
    if "{moment}" == "block":
        stop()
print("went on")
"""


@pytest.mark.parametrize("moment", ["making", "block", "removing"])
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_at_any_moment_leaves_nothing(name: str, moment: str, tmp_path: Path) -> None:
    with signals_heard():
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(signal=name, moment=moment)],
            env=os.environ | {"TMPDIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode in {128 + getattr(signal, name), -signal.SIGINT}, done.stderr
    assert "went on" not in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with leaving_nothing_behind():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_afterwards_everything_is_as_before() -> None:
    handlers = [signal.getsignal(number) for number in stopping.SIGNALS]
    usual = tempfile.gettempdir()
    acts = []
    with leaving_nothing_behind():
        folder = Path(tempfile.gettempdir())
        with leaving_nothing_behind():
            assert tempfile.gettempdir() == str(folder)
        assert folder.is_dir(), "a block inside another belongs to that"
        before_removal(lambda: acts.append(folder.is_dir()))
    assert acts == [True]
    assert not folder.exists()
    assert tempfile.gettempdir() == usual
    assert [signal.getsignal(number) for number in stopping.SIGNALS] == handlers


def test_without_a_folder_for_temporary_files_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(tempfile, "gettempdir", nowhere)
    with pytest.raises(OutputError, match="TMPDIR"), leaving_nothing_behind():
        pass
