"""The programs and claims in the documentation hold."""

import ast
import csv
import json
import re
import shlex
import shutil
import struct
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from streams import portrait_frames, write_video

import fer_edge.runtime
from fer_edge.cli.app import app
from fer_edge.runtime import LABELS, EmotionClassifier, Prediction
from fer_edge.runtime.bundled import find_model

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def python_blocks(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)


def embedding_programs() -> dict[str, str]:
    """Return heading -> program of docs/embedding.md."""
    text = (ROOT / "docs/embedding.md").read_text("utf-8")
    programs = re.findall(r"^## ([^\n]+)\n(?:(?!^## ).)*?```python\n(.*?)```", text, re.DOTALL | re.MULTILINE)
    assert len(programs) == len(python_blocks("docs/embedding.md")), "one program under each heading"
    return dict(programs)


def run(program: str, folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-c", program, *arguments]
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
    shutil.copy(find_model("edge_cnn_s"), tmp_path / "model.int8.tflite")
    return tmp_path


def test_every_embedding_program_is_run_below() -> None:
    assert list(embedding_programs()) == [
        "A face that you have already cropped",
        "A picture with faces",
        "A camera, all day",
        "Batch folder to CSV",
        "An asyncio service",
        "Without fer-edge: the bare interpreter",
    ]


def test_crop_program_agrees_with_the_classifier(folder: Path) -> None:
    said = run(embedding_programs()["A face that you have already cropped"], folder)
    prediction = predict_black()
    assert said.startswith(f"{prediction.label} {prediction.score}\n")


def test_picture_program_sees_the_smile(folder: Path) -> None:
    assert "happy" in run(embedding_programs()["A picture with faces"], folder)


def test_camera_program_tells_the_smile(folder: Path) -> None:
    said = run(embedding_programs()["A camera, all day"], folder, "film.avi")
    assert said == "face 1: happy, was None\n10 frames seen, 0 dropped\n"


def test_folder_program_writes_a_row_per_face(folder: Path) -> None:
    photos = folder / "photos"
    photos.mkdir()
    shutil.copy(folder / "photo.jpg", photos / "a.jpg")
    shutil.copy(folder / "photo.jpg", photos / "b.jpg")
    (photos / "notes.txt").write_text("no picture")
    (photos / "bomb.png").write_bytes(gigapixel_png())
    program = embedding_programs()["Batch folder to CSV"]
    command = [sys.executable, "-c", program, "photos"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("Left out: ")]
    assert [line.split(": ")[1] for line in said] == ["photos/bomb.png", "photos/notes.txt"]
    rows = list(csv.DictReader((folder / "emotions.csv").read_text().splitlines()))
    assert [(row["file"], row["emotion"]) for row in rows] == [("a.jpg", "happy"), ("b.jpg", "happy")]
    assert sum(float(rows[0][label]) for label in LABELS) == pytest.approx(1, abs=0.02)  # int8 outputs round


def test_service_answers_good_and_bad_requests(folder: Path) -> None:
    command = [sys.executable, "-c", embedding_programs()["An asyncio service"], "0"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as service:
        try:
            assert service.stdout is not None
            address = service.stdout.readline().strip()
            status, faces = post(address, (folder / "photo.jpg").read_bytes())
            assert (status, [face["emotion"] for face in faces]) == (200, ["happy"])
            for body, reason in [(b"no picture", "Expected a PNG"), (b"", "empty"), (gigapixel_png(), "megapixels")]:
                status, told = post(address, body)
                assert (status, reason in told["error"]) == (400, True), told
            assert post(address, (folder / "photo.jpg").read_bytes()) == (200, faces), "still serves"
        finally:
            service.terminate()


def gigapixel_png() -> bytes:
    """Return a PNG whose header declares 3 GB of pixels."""
    import cv2

    content = bytearray(cv2.imencode(".png", np.zeros((8, 8), np.uint8))[1].tobytes())
    content[16:24] = struct.pack(">II", 32_000, 32_000)
    return bytes(content)


def post(address: str, body: bytes) -> tuple[int, Any]:
    """Return status and JSON answer of a request with `body`."""
    try:
        with urllib.request.urlopen(address, data=body, timeout=30) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_bare_interpreter_program_needs_no_fer_edge(folder: Path) -> None:
    program = embedding_programs()["Without fer-edge: the bare interpreter"]
    assert len(program.splitlines()) <= 15
    said = run("import sys; sys.modules['fer_edge'] = None\n" + program, folder)
    told = ast.literal_eval(said)
    np.testing.assert_allclose([told[label] for label in LABELS], predict_black().probabilities, atol=1e-6)


def predict_black() -> Prediction:
    """Return what the classifier says of the crop that the programs put in: black."""
    with EmotionClassifier() as classifier:
        return classifier.predict(np.zeros((48, 48), np.uint8))


def test_readme_program_runs(folder: Path) -> None:
    (block,) = python_blocks("README.md")
    assert re.match(r"<happy \d\d %, .* at \d+, \d+, \d+x\d+>", run(block, folder))


def test_metadata_program_runs(folder: Path) -> None:
    block, _ = python_blocks("docs/model-file.md")  # the other needs a signed model: tests/modelfile/test_signing.py
    assert "happy" in run(block + "\nprint(metadata['labels'])", folder)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", page.read_text("utf-8"))
    local = [link or image for link, image in targets if not (link or image).startswith("http")]
    assert [target for target in local if not (page.parent / target).exists()] == []


def documented_commands() -> list[tuple[str, str]]:
    """Return (page, command) for every line of a shell block that calls fer-edge."""
    return [
        (page.name, line)
        for page in PAGES
        for block in re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
        for line in re.findall(r"(?:^|[\s/;&|])fer-edge ([a-z][^\n|&]*)", block.replace("\\\n", " "))
    ]


def test_documented_commands_take_their_options() -> None:
    assert len(documented_commands()) > 50, "the pattern still finds them"
    wrong = [f"{page}: fer-edge {line}" for page, line in documented_commands() if not takes(line)]
    assert wrong == []


def takes(line: str) -> bool:
    """Return whether a command of this name has the options of this line."""
    words = shlex.split(line, comments=True)
    context = click.Context(app, **app.context_settings)
    command = app.get_command(context, words[0])
    if command is None:
        return False
    known = {name for option in command.params for name in [*option.opts, *option.secondary_opts]}
    return {word.partition("=")[0] for word in words[1:] if re.match(r"-+[a-z]", word)} <= known | {"--help", "-h"}


def test_api_page_shows_every_public_name() -> None:
    shown = {
        name.rpartition(".")[2] for name in re.findall(r"^::: (\S+)", (ROOT / "docs/api.md").read_text("utf-8"), re.M)
    }
    assert ({*fer_edge.__all__, *fer_edge.runtime.__all__} - {"__version__"}) - shown == set()


def test_site_links_hold_wherever_a_page_moves() -> None:
    from tools.pages.site import copied_files, rewrite_links

    assert rewrite_links("[a](docs/web.md#b) [c](CHANGELOG.md)", "index.md") == "[a](web.md#b) [c](changelog.md)"
    lamp = "[lamp](../../examples/raspberry-pi/smile_lamp.py)"
    copy = "files/examples/raspberry-pi/smile_lamp.py"
    assert rewrite_links(lamp, "tutorials/maker.md") == f"[lamp](../{copy})"
    assert copied_files(lamp, "tutorials/maker.md") == {copy}
    assert rewrite_links("[decisions](docs/decisions/)", "index.md") == "[decisions](decisions/index.md)"
    assert rewrite_links("[folder](examples)", "index.md") == "folder"
    assert rewrite_links('src="docs/images/sweep.png" f[x](y)', "index.md") == 'src="images/sweep.png" f[x](y)'
