"""The programs and claims in the documentation hold."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from streams import portrait_frames, write_video

from fer_edge.runtime.bundled import find_model

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def python_blocks(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)


def run(program: str, folder: Path) -> str:
    command = [sys.executable, "-c", program, "film.avi"]  # for the program that would else want a camera
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that the programs name or are given."""
    import cv2
    from skimage.data import astronaut

    portrait = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(tmp_path / "photo.jpg"), portrait)
    write_video(tmp_path / "film.avi", portrait_frames(portrait, 10))
    shutil.copy(find_model("edge_cnn"), tmp_path / "model.int8.tflite")
    return tmp_path


@pytest.mark.parametrize("block", range(4))
def test_embedding_programs_run(folder: Path, block: int) -> None:
    blocks = python_blocks("docs/embedding.md")
    assert len(blocks) == 4
    assert run(blocks[block], folder).strip()


def test_picture_program_sees_the_smile(folder: Path) -> None:
    assert "happy" in run(python_blocks("docs/embedding.md")[1], folder)


def test_camera_program_tells_the_smile(folder: Path) -> None:
    said = run(python_blocks("docs/embedding.md")[2], folder)
    assert said == "face 1: happy, was None\n10 frames seen, 0 dropped\n"


def test_readme_program_runs(folder: Path) -> None:
    (block,) = python_blocks("README.md")
    assert "label=" in run("import numpy as np; face = np.zeros((60, 50, 3), np.uint8)\n" + block, folder)


def test_metadata_program_runs(folder: Path) -> None:
    (block,) = python_blocks("docs/model-file.md")
    assert "happy" in run(block + "\nprint(metadata['labels'])", folder)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", page.read_text("utf-8"))
    local = [link or image for link, image in targets if not (link or image).startswith("http")]
    assert [target for target in local if not (page.parent / target).exists()] == []
