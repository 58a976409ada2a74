"""`fer-edge watch` in a process of its own: events, record, preview, and clean ends."""

import csv
import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import cv2
import numpy as np
import pytest
from helpers import PATIENCE, signals_heard
from runtime.tiny_yunet import tiny_yunet
from streams import BLANK, ScriptedClassifier, ScriptedDetector, portrait_frames, read_jpeg, write_video

from fer_edge.cli.watch import _stopped_by_signals
from fer_edge.cli.watch_log import Recorder, Summary, event_json, event_text
from fer_edge.errors import OutputError
from fer_edge.runtime import Box, EmotionStream
from fer_edge.stream.preview import Preview
from fer_edge.stream.records import EmotionEvent, StreamResult
from fer_edge.types import LABELS

RunCli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory, portrait: np.ndarray) -> Path:
    """Twenty frames at 10 per second."""
    return write_video(tmp_path_factory.mktemp("film") / "film.avi", portrait_frames(portrait, 20))


@pytest.fixture
def camera(portrait: np.ndarray) -> Iterator[str]:
    """The address of a camera that never ends, 20 frames per second."""
    stop = threading.Event()
    pictures = list(portrait_frames(portrait, 80))
    with Preview(port=0) as server:

        def run() -> None:
            index = 0
            while not stop.wait(0.05):
                server.show(StreamResult(index, 0.0, pictures[index % 80], (), ()))
                index += 1

        thread = threading.Thread(target=run)
        thread.start()
        yield server.url + "stream.mjpg"
        stop.set()
        thread.join()


class Watching:
    """A running `fer-edge watch`."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "fer_edge", "watch", *arguments]
        pipe = subprocess.PIPE
        buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        with signals_heard():
            self.process = subprocess.Popen(command, cwd=folder, env=buffered, stdout=pipe, stderr=pipe, text=True)
        self._lines: dict[str, queue.Queue[str]] = {"out": queue.Queue(), "err": queue.Queue()}
        for name, stream in [("out", self.process.stdout), ("err", self.process.stderr)]:
            threading.Thread(target=self._read, args=(name, stream), daemon=True).start()

    def _read(self, name: str, stream: TextIO) -> None:
        for line in stream:
            self._lines[name].put(line)

    def line(self, name: str, wanted: str) -> str:
        """Return the next line with `wanted`; raises `queue.Empty` after a long silence."""
        while wanted not in (line := self._lines[name].get(timeout=PATIENCE)):
            pass
        return line

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal; return the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(timeout=PATIENCE)
        assert code == 0, "".join(self._lines["err"].queue)
        return code


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Callable[..., Watching]]:
    """Starts `fer-edge watch` in `tmp_path`, and kills what a test left running."""
    started: list[Watching] = []

    def start(*arguments: str) -> Watching:
        started.append(Watching(tmp_path, *arguments))
        return started[-1]

    yield start
    for watch in started:
        watch.process.kill()
        watch.process.wait()


def test_film_becomes_a_clip_and_a_table(run_cli: RunCli, film: Path, tmp_path: Path) -> None:
    done = run_cli("watch", film, "--out", "seen.mp4", "--csv", "faces.csv")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-2:] == ["Wrote faces.csv", "Wrote seen.mp4"]
    clip = cv2.VideoCapture(str(tmp_path / "seen.mp4"))
    assert (clip.get(cv2.CAP_PROP_FRAME_COUNT), clip.get(cv2.CAP_PROP_FPS)) == (20, 10)
    assert len(list(csv.DictReader((tmp_path / "faces.csv").open()))) == 20
    again = run_cli("watch", film, "--out", "seen.mp4")
    assert (again.returncode, "--force" in again.stderr) == (1, True)


def test_unsure_events_are_left_out(run_cli: RunCli, film: Path) -> None:
    assert run_cli("watch", film, "--min-score", "0.5").stdout.count("happy") == 1
    done = run_cli("watch", film, "--min-score", "1")
    assert done.stdout == ""
    assert "0 events" in done.stderr


def test_three_gigabytes_of_no_video_are_refused_at_once(run_cli: RunCli, tmp_path: Path) -> None:
    with (tmp_path / "large.mp4").open("wb") as file:
        file.truncate(3_000_000_000)  # sparse: takes no room on the disk
    started = time.monotonic()
    done = run_cli("watch", "large.mp4", "--csv", "faces.csv")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert done.stderr.startswith("Error: large.mp4: no frame can be read")
    assert time.monotonic() - started < PATIENCE
    assert not (tmp_path / "faces.csv").exists()


def test_a_clip_that_fails_leaves_nothing(run_cli: RunCli, film: Path, tmp_path: Path) -> None:
    done = run_cli("watch", film, "--out", "seen.gif")
    assert (done.returncode, list(tmp_path.glob("*"))) == (1, [])
    assert done.stderr.startswith("Error: seen.gif: expected a video named .mp4")


def test_film_gives_one_line_of_json_per_event(run_cli: RunCli, film: Path) -> None:
    done = run_cli("watch", film, "--json")
    assert done.returncode == 0, done.stderr
    (event,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert event == {
        "seconds": pytest.approx(0.3, abs=0.11),
        "time": None,
        "face": 1,
        "emotion": "happy",
        "previous": None,
        "score": pytest.approx(0.9, abs=0.1),
    }
    assert done.stderr == "Watched 1.9 s: 20 frames, 0 dropped, 1 face followed, 1 event.\n"


def test_film_through_another_detector(run_cli: RunCli, film: Path, tmp_path: Path) -> None:
    """The stand-in finds bright squares, of which this film has none."""
    (tmp_path / "yunet.onnx").write_bytes(tiny_yunet())
    done = run_cli("watch", film, "--detector", "yunet.onnx")
    assert done.returncode == 0, done.stderr
    assert "0 dropped" in done.stderr
    haar = run_cli("watch", film)
    assert done.stdout != haar.stdout  # it was not the cascade that looked
    missing = run_cli("watch", film, "--detector", "none.onnx")
    assert missing.returncode == 1
    assert "none.onnx" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_film_gives_lines_for_people(run_cli: RunCli, film: Path) -> None:
    done = run_cli("watch", film)
    assert re.fullmatch(r" +0\.[34]\d s  face 1  happy \d\d%\n", done.stdout)


def test_record_has_a_row_per_face_and_frame(run_cli: RunCli, film: Path, tmp_path: Path) -> None:
    assert run_cli("watch", film, "--record", "logs/out.csv").returncode == 0
    with (tmp_path / "logs" / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20
    assert [row["frame"] for row in rows] == [str(index) for index in range(20)]
    assert rows[7]["seconds"] == "0.700"
    assert (rows[0]["emotion"], rows[-1]["emotion"]) == ("", "happy")
    assert sum(float(rows[-1][label]) for label in LABELS) == pytest.approx(1.0, abs=0.02)
    assert {row["time"] for row in rows} == {""}


def test_record_is_never_replaced_unasked(run_cli: RunCli, film: Path, tmp_path: Path) -> None:
    record = tmp_path / "out.csv"
    record.write_text("precious")
    done = run_cli("watch", film, "--record", record)
    assert (done.returncode, record.read_text()) == (1, "precious")
    assert "--force" in done.stderr
    # A source that fails costs nothing either.
    assert run_cli("watch", "none.avi", "--record", record, "--force").returncode == 1
    assert record.read_text() == "precious"
    assert run_cli("watch", film, "--record", record, "--force").returncode == 0
    assert record.read_text().startswith("seconds,time,frame,face,")


@pytest.mark.parametrize("name", ["none.avi", "empty.avi", "letter.avi", "cut.avi", ".", "63", "http://127.0.0.1:1/"])
def test_source_that_cannot_be_opened_is_one_sentence(run_cli: RunCli, film: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty.avi").touch()
    (tmp_path / "letter.avi").write_text("Dear camera,\n" * 100)
    (tmp_path / "cut.avi").write_bytes(film.read_bytes()[:500])
    done = run_cli("watch", name)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len([line for line in done.stderr.splitlines() if line.startswith("Error: ")]) == 1
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no signals to itself")
def test_signal_in_the_middle_of_a_frame_lets_it_be_finished() -> None:
    class Signalled(ScriptedDetector):
        def detect(self, grey: np.ndarray) -> list[Box]:
            signal.raise_signal(signal.SIGTERM)
            return super().detect(grey)

    before = signal.getsignal(signal.SIGTERM)
    stream = EmotionStream([BLANK] * 5, classifier=ScriptedClassifier("sad"), detector=Signalled([Box(0, 0, 40, 40)]))
    with _stopped_by_signals(stream):
        assert [len(result.faces) for result in stream] == [1]
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_is_the_normal_end(
    watching: Callable[..., Watching], camera: str, tmp_path: Path, number: signal.Signals
) -> None:
    watch = watching(camera, "--json", "--record", "out.csv")
    assert json.loads(watch.line("out", "happy"))["time"] is not None
    assert watch.stop(number) == 0
    said = watch.line("err", "Watched")
    assert re.match(r"Watched \d+\.\d s: \d+ frames, \d+ dropped, [1-9] faces? followed, [1-9] events?\.", said)
    record = (tmp_path / "out.csv").read_text()
    assert record.endswith("\n")
    assert {line.count(",") for line in record.splitlines()} == {8 + len(LABELS)}


def test_preview_of_a_watch_gives_annotated_jpegs(watching: Callable[..., Watching], camera: str) -> None:
    watch = watching(camera, "--preview", "--preview-port", "0")
    page = re.search(r"http://127\.0\.0\.1:\d+/", watch.line("err", "Preview: "))
    assert page
    picture = cv2.imdecode(np.frombuffer(read_jpeg(page[0]), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (480, 640, 3)
    assert watch.stop() == 0


def test_preview_for_everyone_comes_with_a_warning(run_cli: RunCli, film: Path) -> None:
    done = run_cli("watch", film, "--preview", "--preview-host", "0.0.0.0", "--preview-port", "0")
    assert done.returncode == 0
    assert "Warning: Anyone who can reach 0.0.0.0" in done.stderr
    # What another computer can open: 0.0.0.0 is no address there.
    assert re.search(rf"^Preview: http://{re.escape(socket.gethostname())}:\d+/$", done.stderr, re.MULTILINE)


def test_reader_that_leaves_ends_the_watch(film: Path) -> None:
    command = f"{sys.executable} -m fer_edge watch {film} --json | true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_lost_camera_is_said_and_found_again(watching: Callable[..., Watching], portrait: np.ndarray) -> None:
    picture = StreamResult(0, 0.0, next(portrait_frames(portrait, 1)), (), ())
    stop = threading.Event()
    servers = [Preview(port=0)]

    def run() -> None:
        while not stop.wait(0.05):
            servers[-1].show(picture)

    feeder = threading.Thread(target=run)
    feeder.start()
    try:
        watch = watching(f"{servers[0].url}stream.mjpg")
        watch.line("out", "happy")
        servers[0].close()
        watch.line("err", "Lost http://")
        servers.append(Preview(port=servers[0].port))
        watch.line("err", "Reconnected http://")
        watch.line("out", "face 2  happy")  # a face that was away for so long is a new one
        assert watch.stop() == 0
        assert "2 faces followed, 2 events" in watch.line("err", "Watched")
    finally:
        stop.set()
        feeder.join()
        servers[-1].close()


def test_full_disk_is_said() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    with pytest.raises(OutputError, match="Cannot write /dev/full: no space left on device"):
        Recorder(Path("/dev/full"), LABELS)


def test_event_texts() -> None:
    event = EmotionEvent(seconds=12.34, face=2, emotion="sad", previous="happy", score=0.456)
    noon = datetime(2030, 1, 2, 12, 0, 5, tzinfo=UTC)
    assert event_text(event, noon) == "12:00:05  face 2  sad 46%  (was happy)"
    assert event_text(event, None) == "   12.34 s  face 2  sad 46%  (was happy)"
    assert json.loads(event_json(event, noon))["time"] == "2030-01-02T12:00:05.000+00:00"


def test_summary_of_nothing() -> None:
    assert Summary().text(dropped=3) == "Watched 0.0 s: 0 frames, 3 dropped, 0 faces followed, 0 events."
