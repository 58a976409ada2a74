"""Frames in; faces with ids, steady emotions and events out; nothing piles up."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streams import BLANK, ScriptedClassifier, ScriptedDetector, portrait_frames, resources, write_video

from fer_edge.errors import ImageError, ModelError, SourceError
from fer_edge.runtime import Box, EmotionClassifier, EmotionStream, Frame, StreamResult

LEFT, RIGHT = Box(0, 0, 40, 40), Box(50, 0, 40, 40)


def timed(count: int, fps: float) -> list[Frame]:
    return [Frame(BLANK, index / fps) for index in range(count)]


def events_of(stream: EmotionStream) -> list[tuple[float, int, str, str | None]]:
    with stream:
        return [(e.seconds, e.face, e.emotion, e.previous) for result in stream for e in result.events]


def test_portrait_that_moves_is_one_happy_face(portrait: np.ndarray) -> None:
    frames = [Frame(picture, index / 10) for index, picture in enumerate(portrait_frames(portrait, 15))]
    with EmotionStream(frames) as stream:
        results = list(stream)
    assert [result.number for result in results] == list(range(15))
    assert {face.id for result in results for face in result.faces} == {1}
    assert [(e.emotion, e.previous) for result in results for e in result.events] == [("happy", None)]
    first, last = results[0].faces[0], results[-1].faces[0]
    assert (first.emotion, last.emotion) == (None, "happy")
    assert 30 < last.box.x - first.box.x < 55  # it walks 14 x 3 pixels
    assert last.prediction.probabilities.sum() == pytest.approx(1.0, abs=0.02)
    assert (stream.frames, stream.dropped, stream.live) == (15, 0, False)


def test_change_of_emotion_is_one_event() -> None:
    answers = ScriptedClassifier(*["sad"] * 20, "happy")
    stream = EmotionStream(timed(60, fps=10), classifier=answers, detector=ScriptedDetector([LEFT]))
    events = events_of(stream)
    assert [(face, emotion, previous) for _, face, emotion, previous in events] == [
        (1, "sad", None),
        (1, "happy", "sad"),
    ]
    assert events[0][0] == pytest.approx(0.3, abs=0.11)
    # Happy since 2.0 s: smoothed probabilities cross after ln 2 s, lead by 0.15 soon after, hold for 0.3 s.
    assert 2.0 + 0.69 + 0.3 < events[1][0] < 3.5


def test_event_comes_at_the_same_time_at_any_frame_rate() -> None:
    def second_event(fps: int) -> float:
        answers = ScriptedClassifier(*["sad"] * (2 * fps), "happy")
        return events_of(EmotionStream(timed(6 * fps, fps), classifier=answers, detector=ScriptedDetector([LEFT])))[1][
            0
        ]

    assert second_event(5) == pytest.approx(second_event(30), abs=0.41)  # at most two frames of 1/5 s
    assert second_event(60) == pytest.approx(second_event(30), abs=0.07)


def test_alternating_answers_do_not_flicker() -> None:
    answers = ScriptedClassifier(*["sad", "happy"] * 100)
    stream = EmotionStream(timed(200, fps=10), classifier=answers, detector=ScriptedDetector([LEFT]))
    assert len(events_of(stream)) == 1


def test_without_smoothing_and_hysteresis_every_change_is_told() -> None:
    answers = ScriptedClassifier(*["sad", "happy"] * 5)
    stream = EmotionStream(
        timed(10, fps=10),
        classifier=answers,
        detector=ScriptedDetector([LEFT]),
        smoothing_seconds=0.0,
        lead=0.0,
        hold_seconds=0.0,
    )
    assert [emotion for _, _, emotion, _ in events_of(stream)] == ["sad", "happy"] * 5


def test_single_false_alarm_is_no_event() -> None:
    detector = ScriptedDetector([LEFT], [])
    assert events_of(EmotionStream(timed(30, fps=10), classifier=ScriptedClassifier("fear"), detector=detector)) == []


def test_each_face_has_its_own_history() -> None:
    detector = ScriptedDetector([LEFT, RIGHT])
    answers = ScriptedClassifier(*["sad", "happy"] * 10)  # left, right, left, right, ...
    events = events_of(EmotionStream(timed(10, fps=10), classifier=answers, detector=detector))
    assert [(face, emotion) for _, face, emotion, _ in events] == [(1, "sad"), (2, "happy")]


def test_face_that_was_away_for_long_is_new() -> None:
    detector = ScriptedDetector(*[[LEFT]] * 10, *[[]] * 20, [LEFT])
    events = events_of(EmotionStream(timed(40, fps=10), classifier=ScriptedClassifier("sad"), detector=detector))
    assert [(face, previous) for _, face, _, previous in events] == [(1, None), (2, None)]


def test_live_iterator_drops_what_the_consumer_is_too_slow_for() -> None:
    given = threading.Event()

    def camera() -> Iterator[np.ndarray]:
        for _ in range(8):
            yield BLANK
        given.set()

    with EmotionStream(
        camera(), classifier=ScriptedClassifier("sad"), detector=ScriptedDetector([]), live=True
    ) as stream:
        assert given.wait(10)
        served = len(list(stream))
        assert stream.live
        assert served == stream.frames
        assert stream.dropped == 8 - served > 0


def test_close_ends_iteration_and_leaves_the_callers_classifier_open() -> None:
    with EmotionClassifier() as classifier:
        stream = EmotionStream(timed(5, 10), classifier=classifier, detector=ScriptedDetector([LEFT]))
        assert isinstance(next(stream), StreamResult)
        stream.close()
        assert list(stream) == []
        classifier.predict(np.zeros((48, 48), np.uint8))


def test_stop_ends_the_iteration_after_the_frame_in_work() -> None:
    stream = EmotionStream(timed(5, 10), classifier=ScriptedClassifier("sad"), detector=ScriptedDetector([LEFT]))
    assert next(stream).number == 0
    stream.stop()
    assert list(stream) == []


def test_stop_wakes_who_waits_for_a_camera_that_says_nothing() -> None:
    silent, waiting = threading.Event(), threading.Event()

    def camera() -> Iterator[np.ndarray]:
        yield BLANK
        waiting.set()
        silent.wait(60)

    stream = EmotionStream(camera(), classifier=ScriptedClassifier("sad"), detector=ScriptedDetector([]), live=True)
    threading.Thread(target=lambda: (waiting.wait(10), stream.stop()), daemon=True).start()
    assert len(list(stream)) <= 1
    silent.set()
    stream.close()


def test_own_classifier_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[EmotionClassifier] = []

    def remember() -> EmotionClassifier:
        made.append(EmotionClassifier())
        return made[0]

    monkeypatch.setattr("fer_edge.stream.emotion_stream.EmotionClassifier", remember)
    EmotionStream([BLANK], detector=ScriptedDetector([LEFT])).close()
    with pytest.raises(ModelError, match="closed"):
        made[0].predict(np.zeros((48, 48), np.uint8))


def test_wrong_frames_and_settings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="float32"):
        next(EmotionStream([BLANK.astype(np.float32)]))
    with pytest.raises(ValueError, match="time constant"):
        EmotionStream([BLANK], smoothing_seconds=-1)
    with pytest.raises(SourceError, match="no such file"):
        EmotionStream(tmp_path / "film.avi")


def test_lost_camera_is_told_to_the_log_by_default(
    tmp_path: Path, portrait: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    film = write_video(tmp_path / "film.avi", portrait_frames(portrait, 20))
    film.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    with EmotionStream(film, classifier=ScriptedClassifier("sad"), detector=ScriptedDetector([])) as stream:
        list(stream)
    assert [record.name for record in caplog.records] == ["fer_edge"]
    assert "may be damaged" in caplog.text


def test_predicting_alone_does_not_load_the_stream() -> None:
    program = (
        "import sys, fer_edge.runtime as runtime\n"
        "unwanted = {'fer_edge.stream.emotion_stream', 'cv2', 'http.server', 'csv', 'logging'} & set(sys.modules)\n"
        "assert not unwanted, unwanted\n"
        "assert runtime.EmotionStream.__name__ == 'EmotionStream'\n"
        "assert 'cv2' not in sys.modules\n"
        "assert not hasattr(runtime, 'Stream')\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")
def test_nothing_piles_up() -> None:
    """Faces come and go all day: memory, file handles and threads stay as they are after warm-up."""
    frames = 2_000

    def camera() -> Iterator[Frame]:
        rng = np.random.default_rng(0)
        for index in range(1_000 + frames):
            seconds = index // 2 * 0.2 + index % 2 * 0.05  # pairs of frames, with pauses that end every face
            yield Frame(rng.integers(0, 256, (96, 96, 3), np.uint8), seconds)

    detector = ScriptedDetector([Box(0, 0, 48, 48), Box(48, 48, 48, 48)])
    with EmotionStream(camera(), detector=detector, expiry_seconds=0.1) as stream:
        for _ in range(1_000):
            next(stream)
        before = resources()
        ids = max(face.id for result in stream for face in result.faces)
        after = resources()
    assert ids == 1_000 + frames  # two new faces with every pair of frames
    assert stream.frames == 1_000 + frames
    assert after["memory"] - before["memory"] < 2_000_000
    assert (after["handles"], after["threads"]) == (before["handles"], before["threads"])
