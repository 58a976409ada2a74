"""Runs the page in Chromium and Firefox, and compares its answers with Python's: ``make web-test``.

    python -m tools.web.browser_test [--record] [--required]

`fer-edge web --serve` serves the page, Debian's browsers open it. It must read its sample and a camera, give Python's
answers for faces made here, ask nobody but its own server, and load without that server the second time.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fer_edge.modelfile.metadata import read_model
from fer_edge.runtime.bundled import ASSETS, find_model
from fer_edge.runtime.classifier import EmotionClassifier
from fer_edge.runtime.framing import Framing, cut_face
from fer_edge.runtime.preprocess import to_face
from fer_edge.runtime.reference import ask_reference
from fer_edge.types import LABELS, Box
from fer_edge.web.site import SAMPLE
from tools.options import read_options, skip
from tools.pages.markdown import markdown_table, replace_section
from tools.web.browsers import BROWSERS, BUILD, ROOT, Browser, missing_tools, set_up
from tools.web.npm_test import MOST_BYTES, equal_in_node, make_project, type_errors

PAGE = ROOT / "docs/web.md"
RUN = BUILD / "run"
MODELS = ("edge_cnn_s", "edge_cnn_m", "edge_cnn_s:float16", "edge_cnn_m:float16")
SAMPLE_FILE = Path(ASSETS) / SAMPLE
SMILE = "happy"
"""What the sample's face shows."""
FACES = 500
FLOAT_TOLERANCE = 1e-6
CAMERA_SIZE, CAMERA_FRAMES = (640, 480), 30
PATIENCE_SECONDS = 600

Cell = tuple[str, bool]
"""What was seen, and whether it is right."""


@dataclass
class Question:
    """Boxes in pictures, and what Python reads there."""

    pictures: list[np.ndarray]
    boxes: list[tuple[int, Box]]
    faces: np.ndarray
    answers: dict[str, np.ndarray]


def main() -> int:
    """Set up, run, compare, print; the exit code is 1 if anything is not as it should be."""
    options = read_options(__doc__, record=f"write what was seen to {PAGE.relative_to(ROOT)}")
    if missing := missing_tools():
        return skip("web test", missing, required=options.required)
    start = time.monotonic()
    set_up()
    print(f"set-up ({time.monotonic() - start:.0f} s)", flush=True)
    shutil.rmtree(RUN, ignore_errors=True)
    RUN.mkdir()
    question = make_question()
    project = RUN / "project"
    package_bytes = make_project(project, SAMPLE_FILE)
    with ThreadPoolExecutor(2) as pool:
        seen = list(pool.map(lambda browser: visit(browser, question), BROWSERS))
    rows = [judge(one, browser, question) for one, browser in zip(seen, BROWSERS, strict=True)]
    titles = [title(browser, one["version"]) for one, browser in zip(seen, BROWSERS, strict=True)]
    print_table(titles, rows)
    package = judge_package(project, package_bytes, question)
    for name, cell in package.items():
        print(f"{name:40}{text(cell):>20}")
    for trouble in (text for one in seen for text in one["elsewhere"] + one["troubles"]):
        print(trouble, file=sys.stderr)
    right = all(passed for row in [*rows, package] for _, passed in row.values())
    if options.record and right:
        table = markdown_table(["", *titles], [[name, *cells] for name, cells in texts(rows)])
        replace_section(PAGE, "browsers", table)
        print(f"recorded in {PAGE}")
    print(f"web test {'passed' if right else 'FAILED'} ({time.monotonic() - start:.0f} s)")
    return 0 if right else 1


def make_question() -> Question:
    """Return boxes at random places and of random sizes, half of them in a portrait and half in smooth noise."""
    rng = np.random.default_rng(0)
    portrait = cv2.imread(str(SAMPLE_FILE))
    noise = cv2.resize(rng.integers(0, 256, (60, 80, 3), dtype=np.uint8), (640, 480), interpolation=cv2.INTER_CUBIC)
    pictures = [portrait, noise]
    boxes = []
    for index in range(FACES):
        height, width = pictures[index % 2].shape[:2]
        left, top = (int(rng.integers(0, side - 20)) for side in (width, height))
        boxes.append((index % 2, Box(left, top, *(int(edge) for edge in rng.integers(20, 400, 2)))))
    faces = np.stack([to_face(cut_face(pictures[index], box, Framing())) for index, box in boxes])
    return Question(pictures, boxes, faces, {model: ask_python(model, faces) for model in MODELS})


def ask_python(model: str, faces: np.ndarray) -> np.ndarray:
    """Return float32 probabilities: those of the reference kernels for an int8 file."""
    if model.endswith("float16"):
        with EmotionClassifier(model) as classifier:
            return np.stack([answer.probabilities for answer in classifier.predict_batch(faces)])
    return ask_reference(read_model(find_model(model)).flatbuffer, faces) / np.float32(256)


def visit(browser: Browser, question: Question) -> dict[str, Any]:
    """Let a browser do all that browser.mjs asks of it; return what that saw."""
    folder = RUN / browser.package
    (folder / "profile").mkdir(parents=True)
    with serve_page(folder / "site") as (server, address):
        shutil.copytree(RUN / "project", folder / "site/project")
        job = folder / "job.json"
        job.write_text(json.dumps(make_job(browser, question, folder, server, address), default=str))
        command = ["node", str(Path(__file__).with_name("browser.mjs")), str(job)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    if done.returncode:
        sys.exit(f"{browser.title}: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextmanager
def serve_page(folder: Path) -> Iterator[tuple[int, str]]:
    """Write and serve the page as a user does; yields the server's process and address."""
    options = [word for model in MODELS for word in ("--model", model)]
    command = [sys.executable, "-m", "fer_edge", "web", str(folder), *options, "--serve", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        try:
            said = ""
            for line in process.stderr or ():
                said += line
                if address := re.search(r"http://127\.0\.0\.1:\d+/", line):
                    yield process.pid, address.group()
                    return
            sys.exit(f"fer-edge web ended: {said}")
        finally:
            process.kill()


def make_job(browser: Browser, question: Question, folder: Path, server: int, address: str) -> dict[str, Any]:
    """Write the files that browser.mjs reads, and return what it has to know."""
    paths = [folder / f"picture{index}.rgba" for index in range(len(question.pictures))]
    for path, picture in zip(paths, question.pictures, strict=True):
        path.write_bytes(cv2.cvtColor(picture, cv2.COLOR_BGR2RGBA).tobytes())
    camera = folder / "camera.mjpeg"
    camera.write_bytes(make_film(question.pictures[0]))
    return {
        "browser": browser.kind,
        "executable": shutil.which(browser.package),
        "profile": folder / "profile",
        "modules": f"{BUILD}/",
        "address": address,
        "server": server,
        "camera": camera,
        "pictures": [
            {"path": path, "width": picture.shape[1], "height": picture.shape[0]}
            for path, picture in zip(paths, question.pictures, strict=True)
        ],
        "boxes": [{"picture": index, "box": vars(box)} for index, box in question.boxes],
        "models": [
            {
                "file": f"models/{Path(find_model(model)).name}",
                "faces": crops_file(folder, model),
                "probabilities": answers_file(folder, model),
            }
            for model in MODELS
        ],
    }


def crops_file(folder: Path, model: str) -> Path:
    """Return where the browser's 48x48 faces are stored."""
    return folder / f"{model}.faces".replace(":", ".")


def answers_file(folder: Path, model: str) -> Path:
    """Return where the browser's probabilities are stored."""
    return folder / f"{model}.probabilities".replace(":", ".")


def make_film(portrait: np.ndarray) -> bytes:
    """Return a film for Chromium's fake camera, in which nothing moves."""
    edge = min(CAMERA_SIZE)
    side = (max(CAMERA_SIZE) - edge) // 2
    frame = cv2.copyMakeBorder(cv2.resize(portrait, (edge, edge)), 0, 0, side, side, cv2.BORDER_REPLICATE)
    return cv2.imencode(".jpg", frame)[1].tobytes() * CAMERA_FRAMES


def judge(seen: dict[str, Any], browser: Browser, question: Question) -> dict[str, Cell]:
    """Return what a browser was seen to do, in a few characters each, by the name of the check."""
    folder = RUN / browser.package
    row = {"reads the sample": judge_face(seen["sample"])}
    crops = [np.fromfile(crops_file(folder, model), np.uint8).reshape(question.faces.shape) for model in MODELS]
    row["crops as in Python"] = judge_equal([np.all(crop == question.faces, axis=(1, 2, 3)) for crop in crops])
    for model in MODELS:
        expected = question.answers[model]
        found = np.fromfile(answers_file(folder, model), np.float32).reshape(expected.shape)
        off = np.abs(found - expected).max(axis=1)
        exact = not model.endswith("float16")
        name = f"{model}, scores equal" if exact else f"{model}, scores within {FLOAT_TOLERANCE:g}"
        row[name] = judge_equal([off == 0 if exact else off <= FLOAT_TOLERANCE])
    label = seen["example"].partition(" ")[0]
    row["npm package's example"] = (label, label == SMILE)
    row["requests elsewhere"] = judge_none(seen["elsewhere"])
    row["blocked, failed or wrong"] = judge_none(seen["troubles"])
    row["reads the camera"] = judge_face(seen["camera"])
    row["camera's frames per second"] = (f"{seen['camera']['rate']:.0f}", seen["camera"]["shown"].endswith("/s"))
    row["loads without the server"] = judge_face(seen["offline"])
    return row


def judge_package(project: Path, size: int, question: Question) -> dict[str, Cell]:
    """Return what the npm package is and does in Node."""
    errors, equal, count = type_errors(project), equal_in_node(project, question.pictures), len(question.pictures)
    print(errors, end="", file=sys.stderr)
    return {
        "npm package, bytes": (f"{size:,}", size < MOST_BYTES),
        "npm package, types": ("wrong" if errors else "right", not errors),
        "npm package in Node, scores equal": (f"{equal} of {count}", equal == count),
    }


def title(browser: Browser, version: str) -> str:
    """Return a browser's name and major version."""
    return f"{browser.title} {version.rpartition('/')[2].partition('.')[0]}"


def judge_face(face: dict[str, Any]) -> Cell:
    """Judge a face as the page shows it."""
    label = face["title"].rpartition(": ")[2]
    return label, label in LABELS and face["bars"] == len(LABELS)


def judge_equal(equals: list[np.ndarray]) -> Cell:
    """Judge faces, which must be equal each time."""
    equal = np.logical_and.reduce(equals)
    return f"{np.count_nonzero(equal)} of {len(equal)}", bool(equal.all())


def judge_none(found: list[str]) -> Cell:
    """Judge what must not happen."""
    return str(len(found)), not found


def texts(rows: list[dict[str, Cell]]) -> Iterator[tuple[str, list[str]]]:
    """Yield the name of each check, and a cell for each browser."""
    for name in rows[0]:
        yield name, [text(row[name]) for row in rows]


def text(cell: Cell) -> str:
    """Return what was seen, and that it is wrong."""
    return cell[0] if cell[1] else f"{cell[0]} FAILED"


def print_table(titles: list[str], rows: list[dict[str, Cell]]) -> None:
    """Print a line for each check and a column for each browser."""
    for name, cells in [("", titles), *texts(rows)]:
        print(f"{name:40}" + "".join(f"{cell:>20}" for cell in cells))


if __name__ == "__main__":
    sys.exit(main())
