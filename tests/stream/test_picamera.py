"""Cameras as they are on a Raspberry Pi: picamera2 by a stand-in with its interface, pipelines, and streams."""

import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest
from helpers import wait_until

from fer_edge.errors import SourceError
from fer_edge.stream.capture import open_source
from fer_edge.stream.video import Capture, is_pipeline, open_capture


class Picamera2:
    """The part of picamera2's class that is used, with its names, argument names and order of calls."""

    cameras = 2
    opened: ClassVar[list["Picamera2"]] = []

    def __init__(self, camera_num: int = 0) -> None:
        if camera_num >= self.cameras:
            raise IndexError("list index out of range")
        self.number, self.calls = camera_num, []
        Picamera2.opened.append(self)

    def create_video_configuration(self, main: dict[str, Any] | None = None, controls: Any = None) -> dict[str, Any]:
        return {"main": main, "controls": controls}

    def configure(self, camera_config: dict[str, Any]) -> None:
        self.calls.append("configure")
        self.config = camera_config

    def start(self) -> None:
        self.calls.append("start")

    def capture_array(self, name: str = "main") -> np.ndarray:
        if self.calls.count("frame") >= 3:
            raise RuntimeError("Camera frontend has timed out!")
        self.calls.append("frame")
        width, height = self.config[name]["size"]
        return np.full((height, width, 3), 50, np.uint8)

    def stop(self) -> None:
        self.calls.append("stop")

    def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def picamera2(monkeypatch: pytest.MonkeyPatch) -> type[Picamera2]:
    module = ModuleType("picamera2")
    module.Picamera2 = Picamera2
    monkeypatch.setitem(sys.modules, "picamera2", module)
    Picamera2.opened.clear()
    return Picamera2


@pytest.mark.parametrize(("address", "number"), [("picamera", 0), ("picamera:0", 0), ("picamera:1", 1)])
def test_frames_come_in_bgr_until_the_camera_is_lost(address: str, number: int, picamera2: type[Picamera2]) -> None:
    capture = open_capture(address)
    (camera,) = picamera2.opened
    assert camera.number == number
    assert camera.config == {"main": {"format": "RGB888", "size": (640, 480)}, "controls": {"FrameRate": 30.0}}
    shots = [capture.read() for _ in range(4)]
    assert [shot is None for shot in shots] == [False, False, False, True]
    assert shots[0][0].shape == (480, 640, 3)
    capture.release()
    assert camera.calls == ["configure", "start", "frame", "frame", "frame", "stop", "close"]


def test_stream_serves_it_live_and_opens_it_again(picamera2: type[Picamera2]) -> None:
    told: list[str] = []
    frames, live = open_source("picamera", live=None, notify=told.append, clock=time.monotonic)
    try:
        assert live
        assert next(frames).picture.shape == (480, 640, 3)
        wait_until(lambda: len(picamera2.opened) >= 2)
        assert told[0].startswith("Lost picamera")
        assert picamera2.opened[0].calls[-2:] == ["stop", "close"]
    finally:
        frames.close()


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("picamera:2", r"picamera:2: no camera, or another program uses it .*rpicam-hello"),
        ("picamera:front", "expected picamera, or picamera:1"),
    ],
)
def test_no_such_camera(address: str, reason: str, picamera2: type[Picamera2]) -> None:
    with pytest.raises(SourceError, match=reason):
        open_capture(address)


def test_missing_picamera2_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(SourceError, match=r"apt install python3-picamera2.*--system-site-packages"):
        open_capture("picamera")


def test_camera_that_is_not_there_names_picamera() -> None:
    with pytest.raises(SourceError, match="called 'picamera'"):
        open_capture(63)


def test_pipeline_is_for_gstreamer() -> None:
    assert is_pipeline("libcamerasrc ! video/x-raw,width=640,height=480")
    assert not is_pipeline("film!.avi")
    with pytest.raises(SourceError, match=r"without GStreamer|delivers no picture"):
        open_capture("nosuchelement ! fakesink")


def when_it_listens(address: str) -> Capture:
    found: list[Capture] = []

    def opened() -> list[Capture]:
        with suppress(SourceError):
            found.append(open_capture(address))
        return found

    wait_until(opened)
    return found[0]


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
@pytest.mark.parametrize("codec", ["mjpeg", "h264"])
def test_stream_as_rpicam_vid_serves_it(codec: str) -> None:
    """`rpicam-vid --listen -o tcp://0.0.0.0:PORT` sends the bare stream to whoever connects; so does ffmpeg here."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    encoder = {"mjpeg": "mjpeg", "h264": "libx264"}[codec]
    source = ["-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25", "-t", "20", "-pix_fmt", "yuvj420p"]
    command = [
        "ffmpeg",
        "-loglevel",
        "error",
        *source,
        "-c:v",
        encoder,
        "-f",
        codec,
        f"tcp://127.0.0.1:{port}?listen=1",
    ]
    with subprocess.Popen(command) as server:
        try:
            capture = when_it_listens(f"tcp://127.0.0.1:{port}")
            assert [capture.read()[0].shape for _ in range(3)] == [(240, 320, 3)] * 3
            capture.release()
        finally:
            server.kill()
