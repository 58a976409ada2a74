"""The preview page: the newest annotated frame, for those who may see it."""

import http.client
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import cv2
import numpy as np
import pytest
from helpers import PATIENCE, wait_until
from streams import read_jpeg

from fer_edge.errors import OutputError
from fer_edge.runtime import Box, Prediction, StreamResult, TrackedFace
from fer_edge.stream import preview as preview_module
from fer_edge.stream.preview import MAX_VIEWERS, Preview, is_loopback
from fer_edge.stream.records import EmotionEvent
from fer_edge.types import LABELS

PREDICTION = Prediction("happy", 0.9, np.zeros(7, np.float32))
FACE = TrackedFace(Box(40, 40, 60, 60), PREDICTION, id=3, emotion="happy")


def result(picture: np.ndarray, *faces: TrackedFace) -> StreamResult:
    return StreamResult(0, 0.0, picture, faces, ())


@pytest.fixture
def preview() -> Iterator[Preview]:
    with Preview(port=0) as preview:
        yield preview


@pytest.fixture
def showing(preview: Preview) -> Iterator[Callable[[StreamResult], None]]:
    """Returns a function that shows a frame over and over, as a camera would."""
    stop = threading.Event()
    threads = []

    def show(frame: StreamResult) -> None:
        def run() -> None:
            while not stop.wait(0.02):
                preview.show(frame)

        threads.append(threading.Thread(target=run))
        threads[-1].start()

    yield show
    stop.set()
    for thread in threads:
        thread.join()


def get(preview: Preview, path: str, host: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", preview.port, timeout=PATIENCE)
    connection.request("GET", path, headers={"Host": host})
    return connection.getresponse().status


def test_page_shows_the_stream(preview: Preview) -> None:
    with urllib.request.urlopen(preview.url, timeout=PATIENCE) as response:
        assert response.headers["Content-Type"].startswith("text/html")
        assert b'src="stream.mjpg"' in response.read()


def test_stream_gives_annotated_jpegs(preview: Preview, showing: Callable[[StreamResult], None]) -> None:
    showing(result(np.zeros((120, 160, 3), np.uint8), FACE))
    picture = cv2.imdecode(np.frombuffer(read_jpeg(preview.url), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (120, 160, 3)
    assert picture[70, 40].max() > 100  # the left edge of the box
    assert picture[70, 70].max() < 50  # inside it


@pytest.mark.parametrize("shape", [(120, 160), (120, 160, 1), (120, 160, 4)])
def test_grey_and_alpha_frames_are_shown_too(
    preview: Preview, showing: Callable[[StreamResult], None], shape: tuple[int, ...]
) -> None:
    showing(result(np.full(shape, 200, np.uint8), FACE))
    picture = cv2.imdecode(np.frombuffer(read_jpeg(preview.url), np.uint8), cv2.IMREAD_COLOR)
    assert picture[10, 10].tolist() == [200, 200, 200]


def test_nothing_is_encoded_while_nobody_watches(preview: Preview, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[object] = []
    monkeypatch.setattr("fer_edge.stream.preview.encode_picture", lambda *picture: encoded.append(picture) or b"")
    preview.show(result(np.zeros((9, 9, 3), np.uint8)))
    assert encoded == []


def test_viewer_who_leaves_is_forgotten(preview: Preview, showing: Callable[[StreamResult], None]) -> None:
    showing(result(np.zeros((120, 160, 3), np.uint8)))
    assert read_jpeg(preview.url)
    assert read_jpeg(preview.url)
    wait_until(lambda: preview._latest.viewers == 0)


def read_events(preview: Preview, count: int) -> list[tuple[str, dict[str, Any]]]:
    """Return (type, content) of the first server-sent events."""
    found, kind = [], "message"
    with urllib.request.urlopen(preview.url + "state", timeout=PATIENCE) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        while len(found) < count:
            line = response.readline().decode().rstrip()
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: "):
                found.append((kind, json.loads(line.removeprefix("data: "))))
                kind = "message"
    return found


def test_state_tells_faces_and_every_event_once(preview: Preview) -> None:
    events = tuple(EmotionEvent(float(number), 3, "happy", None, 0.9) for number in range(5))
    for event in events:  # more than a viewer could see as frames
        preview.show(StreamResult(0, event.seconds, np.zeros((9, 9, 3), np.uint8), (FACE,), (event,)))
    (kind, setup), (_, state) = read_events(preview, 2)
    assert (kind, setup["labels"]) == ("setup", list(LABELS))
    assert setup["colours"]["happy"] == "#ffc83c"
    assert [event["seconds"] for event in state["events"]] == [0, 1, 2, 3, 4]
    assert state["faces"] == [{"id": 3, "emotion": "happy", "probabilities": [0.0] * 7}]
    assert state["seconds"] == 4.0


def test_still_is_the_next_picture(preview: Preview, showing: Callable[[StreamResult], None]) -> None:
    showing(result(np.full((20, 30, 3), 77, np.uint8)))
    with urllib.request.urlopen(preview.url + "still.jpg", timeout=PATIENCE) as response:
        assert "attachment" in response.headers["Content-Disposition"]
        picture = cv2.imdecode(np.frombuffer(response.read(), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (20, 30, 3)


@pytest.mark.parametrize("path", ["", "common.css", "page.css", "page.js", "timeline.js"])
def test_page_loads_nothing_from_elsewhere(preview: Preview, path: str) -> None:
    with urllib.request.urlopen(preview.url + path, timeout=PATIENCE) as response:
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
        assert b"http" not in response.read()


def test_other_paths_are_not_found(preview: Preview) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(preview.url + "etc/passwd", timeout=PATIENCE)


@pytest.mark.parametrize("path", ["/", "/stream.mjpg", "/state", "/still.jpg", "/page.js"])
def test_foreign_names_for_this_computer_are_refused(preview: Preview, path: str) -> None:
    assert get(preview, path, f"attacker.example:{preview.port}") == 403


@pytest.mark.parametrize("host", ["localhost:9", "127.0.0.1", "[::1]:8080"])
def test_own_names_are_served_on_any_forwarded_port(preview: Preview, host: str) -> None:
    assert get(preview, "/", host) == 200


def test_close_ends_viewers_and_threads() -> None:
    before = set(threading.enumerate())
    preview = Preview(port=0)
    viewer = urllib.request.urlopen(preview.url + "stream.mjpg", timeout=PATIENCE)
    preview.close()
    assert viewer.read() == b""
    assert set(threading.enumerate()) == before
    with pytest.raises(OSError, match=r"refused|111"):
        socket.create_connection(("127.0.0.1", preview.port), timeout=1)


def test_taken_port_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OutputError, match=f"port {port}.*--preview-port"):
            Preview(port=port)


@pytest.mark.parametrize("port", [70_000, -1])
def test_impossible_port_is_said(port: int) -> None:
    with pytest.raises(OutputError, match=str(port)):
        Preview(port=port)


def test_address_of_another_computer_is_said() -> None:
    with pytest.raises(OutputError, match=r"at 192\.0\.2\.1, port 0: [A-Z]\w+") as error:
        Preview("192.0.2.1", 0)
    assert "Errno" not in str(error.value)  # which is for programmers


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("pi", False)],
)
def test_is_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_an_impossible_host_is_answered(preview: Preview) -> None:
    assert get(preview, "/", "[") == 400
    assert get(preview, "/", "[::1") == 400


def test_who_drips_bytes_is_cut_off(preview: Preview, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview_module, "REQUEST_SECONDS", 0.5)
    with socket.create_connection(("127.0.0.1", preview.port), timeout=PATIENCE) as viewer:
        deadline = time.monotonic() + PATIENCE
        with pytest.raises(OSError):  # noqa: PT011, PT012 -- the kernel's word for it depends on the system
            while time.monotonic() < deadline:
                viewer.sendall(b"G")
                time.sleep(0.1)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A preview that gives everyone all the time in the world."""
    monkeypatch.setattr(preview_module, "REQUEST_SECONDS", 10 * PATIENCE)
    monkeypatch.setattr(preview_module._Handler, "timeout", 10 * PATIENCE)


def test_no_more_viewers_than_there_is_place_for(patient: None, preview: Preview) -> None:
    viewers = [socket.create_connection(("127.0.0.1", preview.port), timeout=PATIENCE) for _ in range(MAX_VIEWERS)]
    wait_until(lambda: preview._server._places._value == 0)
    with socket.create_connection(("127.0.0.1", preview.port), timeout=PATIENCE) as late, suppress(ConnectionError):
        assert late.recv(1) == b""
    for viewer in viewers:
        viewer.close()
    wait_until(lambda: preview._server._places._value > 0)
    assert get(preview, "/", "127.0.0.1") == 200


def test_closing_waits_for_nobody(patient: None) -> None:
    preview = Preview(port=0)
    viewers = [socket.create_connection(("127.0.0.1", preview.port), timeout=PATIENCE) for _ in range(8)]
    for viewer in viewers:
        viewer.sendall(b"GET / HT")
    started = time.monotonic()
    preview.close()
    assert time.monotonic() < started + PATIENCE
    for viewer in viewers:
        viewer.close()
