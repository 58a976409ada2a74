"""The benchmark of what the runtime adds runs, and its figures hang together. Their size is for quiet machines."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT


def test_a_short_run_compares_all_that_is_promised(tmp_path: Path) -> None:
    target = tmp_path / "overhead.json"
    command = [sys.executable, "-m", "tools.performance.runtime_overhead", "--rounds", "2", "--starts", "1"]
    done = subprocess.run([*command, "--json", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert target.exists(), done.stderr
    rows = json.loads(target.read_text())["comparisons"]
    assert [re.split(" / |,", row["name"])[0] for row in rows] == [
        "predict",
        "predict",
        "predict_batch of 64 crops",
        "start to first answer",
        "processor time of that",
        "peak resident memory",
    ]
    for row in rows:
        assert row["bare"] > 0
        assert row["ours"] > 0
        within = row["ratio"] <= row["promised"] or row["ours"] - row["bare"] <= row["promised_difference"]
        assert row["kept"] == within
        assert f"{row['ratio']:6.3f} {row['promised']:8.2f}" in done.stdout
    assert done.returncode == (0 if all(row["kept"] for row in rows) else 1)
    assert rows[5]["ratio"] < 1.3, "memory does not hang on what else the machine does"


def test_readme_and_page_state_the_same_figures() -> None:
    """Both are written by one command; a figure that was typed in by hand would part them."""
    page = (ROOT / "docs/performance.md").read_text("utf-8")
    readme = (ROOT / "README.md").read_text("utf-8")
    start = next(line for line in page.splitlines() if line.startswith("| start to first answer"))
    told = re.search(r"([\d.]+) times the time", readme)
    assert told is not None
    assert float(told[1]) == pytest.approx(float(start.split("|")[4]), abs=0.006)  # two digits against three
