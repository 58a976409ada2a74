"""Cameras serve the present and come back; files and iterators lose nothing."""

import itertools
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streams import (
    BLANK,
    Burst,
    FakeClock,
    RecordingStop,
    ScriptedCapture,
    ScriptedOpener,
    portrait_frames,
    resources,
    write_video,
)

from fer_edge.errors import SourceError
from fer_edge.stream.camera import Camera, NewestFrame
from fer_edge.stream.capture import FrameSource, open_source
from fer_edge.stream.records import Frame
from fer_edge.stream.video import VideoCapture, describe


def opened(source: object, said: list[str] | None = None, **options: object) -> tuple[FrameSource, bool]:
    said = [] if said is None else said
    return open_source(source, **{"live": None, "notify": said.append, "clock": FakeClock(), **options})


def test_iterator_is_served_whole_with_the_clock() -> None:
    clock = FakeClock()

    def pictures() -> Iterator[np.ndarray]:
        for _ in range(3):
            clock.now += 0.5
            yield BLANK

    source, live = opened(pictures(), clock=clock)
    assert [frame.seconds for frame in source] == [0.5, 1.0, 1.5]
    assert (live, source.dropped) == (False, 0)


def test_frames_keep_their_own_times() -> None:
    frames = [Frame(BLANK, 7.0), Frame(BLANK, 9.0)]
    assert list(opened(frames)[0]) == frames


def test_closed_iterator_gives_nothing() -> None:
    source, _ = opened([BLANK, BLANK])
    next(source)
    source.close()
    assert list(source) == []


def test_video_is_read_whole_with_its_own_times(tmp_path: Path, portrait: np.ndarray) -> None:
    said: list[str] = []
    source, live = opened(write_video(tmp_path / "film.avi", portrait_frames(portrait, 12), fps=4), said)
    assert [frame.seconds for frame in source] == pytest.approx([index / 4 for index in range(12)])
    assert (live, source.dropped, said) == (False, 0, [])


def test_video_without_times_counts_frames(tmp_path: Path) -> None:
    (tmp_path / "film.avi").write_bytes(b"x")
    source, _ = opened(tmp_path / "film.avi", open_capture=ScriptedOpener(ScriptedCapture(4)))
    assert [frame.seconds for frame in source] == pytest.approx([0.0, 0.1, 0.2, 0.3])


def test_video_that_ends_early_says_so(tmp_path: Path, portrait: np.ndarray) -> None:
    film = write_video(tmp_path / "film.avi", portrait_frames(portrait, 20))
    content = film.read_bytes()
    film.write_bytes(content[: len(content) // 2])
    said: list[str] = []
    frames = list(opened(film, said)[0])
    assert 0 < len(frames) < 15
    assert said == [f"{film} ended after {len(frames)} of 20 frames; it may be damaged."]


def test_film_on_a_server_is_no_camera() -> None:
    capture = ScriptedCapture(5, frame_count=5)
    source, live = opened("http://example.org/film.mp4", open_capture=ScriptedOpener(capture))
    assert (len(list(source)), live, capture.released) == (5, False, True)


def test_folder_missing_and_empty_file_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.avi").touch()
    for path, word in [
        (tmp_path, "folder"),
        (tmp_path / "none.avi", "no such file"),
        (tmp_path / "empty.avi", "empty"),
    ]:
        with pytest.raises(SourceError, match=word) as error:
            opened(str(path))
        assert str(path) in str(error.value)


def test_file_that_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "letter.avi").write_text("Dear camera,\n" * 50)
    with pytest.raises(SourceError, match=r"letter\.avi.*damaged or not a video"):
        opened(tmp_path / "letter.avi")


def test_camera_that_is_not_there() -> None:
    with pytest.raises(SourceError, match="Camera 63"):
        VideoCapture(63)


def test_other_things_are_refused() -> None:
    with pytest.raises(TypeError, match="float"):
        opened(1.5)


def test_password_is_not_told() -> None:
    assert describe("rtsp://user:p@s?s@cam.local:554/one@two?password=word") == "rtsp://cam.local:554/one@two"
    assert describe("what?.avi") == "what?.avi"
    with pytest.raises(SourceError) as error:
        VideoCapture("rtsp://user:secret@127.0.0.1:1/live")
    assert "secret" not in str(error.value)
    assert "rtsp://127.0.0.1:1/live" in str(error.value)


def test_slow_consumer_gets_the_newest_frame_and_the_rest_is_counted() -> None:
    burst = Burst(10)
    source = NewestFrame(burst, threading.Event())
    assert burst.given.wait(10)
    assert next(source).seconds == 9.0
    assert source.dropped == 9
    burst.go_on.set()
    assert list(source) == []


def test_frames_do_not_pile_up_while_nobody_takes_them() -> None:
    frames: list[weakref.ref[Frame]] = []
    given, go_on = threading.Event(), threading.Event()

    def pictures() -> Iterator[Frame]:
        for index in range(500):
            frame = Frame(BLANK.copy(), float(index))
            frames.append(weakref.ref(frame))
            yield frame
        given.set()
        go_on.wait(10)

    source, _ = opened(pictures(), live=True)
    assert given.wait(10)
    assert [index for index, frame in enumerate(frames) if frame() is not None] == [499]
    assert next(source).seconds == 499.0
    assert source.dropped == 499
    go_on.set()
    source.close()


def test_closing_wakes_the_consumer_and_ends_the_thread() -> None:
    burst = Burst(0)
    source = NewestFrame(burst, threading.Event())
    taken: list[list[Frame]] = []
    consumer = threading.Thread(target=lambda: taken.append(list(source)))
    consumer.start()
    assert burst.given.wait(10)
    burst.go_on.set()
    source.close()
    consumer.join(10)
    assert taken == [[]]
    # Closing a capture from another thread than the one that reads it may crash.
    assert burst.closed_by == "fer-edge-capture"
    assert "fer-edge-capture" not in [thread.name for thread in threading.enumerate()]


def test_error_in_the_thread_reaches_the_consumer() -> None:
    def pictures() -> Iterator[np.ndarray]:
        yield BLANK
        raise OSError("unplugged")

    source, _ = opened(pictures(), live=True)
    with pytest.raises(OSError, match="unplugged"):
        list(source)
    source.close()


def camera(*captures: ScriptedCapture | None, stop: RecordingStop, said: list[str]) -> Camera:
    clock = FakeClock()
    opener = ScriptedOpener(*captures)
    return Camera(
        "rtsp://me:secret@cam/", opener("rtsp"), stop=stop, open_capture=opener, notify=said.append, clock=clock
    )


def test_lost_camera_is_opened_again_with_growing_pauses() -> None:
    stop, said = RecordingStop(), []
    first, second, third = ScriptedCapture(2), ScriptedCapture(1), ScriptedCapture(1)
    source = camera(first, *[None] * 6, second, third, stop=stop, said=said)
    assert [next(source).seconds for _ in range(3)] == [0.0, 0.0, 0.0]
    assert stop.waits == [1, 2, 4, 8, 16, 30, 30]
    assert first.released
    assert len(said) == 2
    assert "Lost rtsp://cam/" in said[0]
    assert "Reconnected rtsp://cam/" in said[1]
    next(source)  # lost again: the pauses begin anew
    assert stop.waits[7:] == [1]
    source.close()
    assert second.released
    assert third.released


def test_camera_that_opens_and_gives_nothing_is_not_back() -> None:
    stop, said = RecordingStop(), []
    dead = ScriptedCapture(0)
    source = camera(ScriptedCapture(1), dead, ScriptedCapture(1), stop=stop, said=said)
    next(source)
    next(source)
    assert (stop.waits, dead.released, len(said)) == ([1, 2], True, 2)


def test_waiting_for_a_camera_can_be_stopped() -> None:
    stop = RecordingStop(patience=3)
    source = camera(ScriptedCapture(1), *[None] * 5, stop=stop, said=[])
    assert len(list(source)) == 1
    assert stop.waits == [1, 2, 4]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")
def test_fifty_reconnects_leave_nothing_behind(tmp_path: Path, portrait: np.ndarray) -> None:
    """A film of three frames stands in for a camera that is lost again and again; OpenCV really opens it."""
    film = str(write_video(tmp_path / "film.avi", portrait_frames(portrait, 3)))
    (tmp_path / "letter.avi").write_text("Dear camera,\n" * 50)
    attempts = itertools.count()
    said: list[str] = []

    def open_capture(address: int | str) -> VideoCapture:
        """Fail every second time, as a camera does that is not back yet."""
        return VideoCapture(str(tmp_path / "letter.avi") if next(attempts) % 2 else address)

    def serve_until(reconnects: int) -> None:
        while sum(text.startswith("Reconnected") for text in said) < reconnects:
            next(source)

    VideoCapture(film).release()  # what OpenCV loads and starts once is no leak
    before = resources()
    stop = RecordingStop()
    source = NewestFrame(
        Camera(film, VideoCapture(film), stop=stop, open_capture=open_capture, notify=said.append, clock=FakeClock()),
        stop,
    )
    serve_until(5)
    warm = resources()
    serve_until(55)
    source.close()
    after = resources()
    assert stop.waits.count(2.0) >= 50, "every second attempt failed"
    assert after["memory"] - warm["memory"] < 10_000_000  # fifty captures that stayed would take over 100 MB
    assert (after["handles"], after["threads"]) == (before["handles"], before["threads"])


def test_camera_number_is_live() -> None:
    source, live = opened(0, open_capture=ScriptedOpener(ScriptedCapture(1)))
    assert live
    assert next(source).seconds == 0.0
    source.close()
    assert list(source) == []
