"""Files that have no end are not read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fer_edge.benchmarks.report_file import read_report
from fer_edge.errors import FerEdgeError
from fer_edge.modelfile.metadata import read_file

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")


@pytest.mark.parametrize("read", [read_file, read_report])
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_pipes_and_devices(read: Callable[[Path], Any], kind: str, tmp_path: Path) -> None:
    path = tmp_path / "pipe" if kind == "pipe" else Path("/dev/zero")
    if kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(FerEdgeError, match="not a regular file"):
        read(path)
