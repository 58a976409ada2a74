"""`fer-edge demo` on a base install: a face, a time, a picture, and what to do next."""

import re
from pathlib import Path

from fer_edge.runtime import read_picture


def test_reads_the_portrait_and_names_what_it_wrote(run_cli, tmp_path: Path) -> None:
    done = run_cli("demo")
    assert (done.returncode, done.stderr) == (0, "")
    first, second, *rest = done.stdout.splitlines()
    assert re.fullmatch(r"happy \d\d %, \d+\.\d ms on this computer", first)
    assert second == "Wrote fer-edge-demo/astronaut.jpg"
    assert len([line for line in rest if line.startswith("  fer-edge ")]) == 3
    assert max(map(len, done.stdout.splitlines())) <= 80
    written = read_picture(tmp_path / "fer-edge-demo/astronaut.jpg")
    assert written.shape == read_picture(Path("fer_edge/assets/astronaut.jpg").absolute()).shape


def test_again_replaces_its_own_picture(run_cli) -> None:
    assert [run_cli("demo").returncode for _ in range(2)] == [0, 0]
