"""What a watch tells Prometheus: counts, times, the model, and the device, in its text format."""

import re
import urllib.error
import urllib.request

import numpy as np
import pytest

from fer_edge import vitals
from fer_edge.runtime import Box
from fer_edge.stream.preview import Preview
from fer_edge.stream.prometheus import BUCKETS_SECONDS, CONTENT_TYPE, Metrics
from fer_edge.stream.records import EmotionEvent, StreamResult, TrackedFace
from fer_edge.types import LABELS, Prediction

MODEL = {"name": 'a "name"\n', "recipe": {"name": "int8"}, "release": 7, "flatbuffer_sha256": "ab" * 32}
PROBABILITIES = np.full(7, 1 / 7, np.float32)
LINE = re.compile(
    r'[a-z_]+(\{[a-z_0-9]+="[^"\\\n]*(\\.[^"\\\n]*)*"(,[a-z_0-9]+="[^"\\\n]*(\\.[^"\\\n]*)*")*\})? [-+.0-9eInf]+'
)


def frame(number: int, ids: tuple[int, ...] = (), seconds: float = 0.04, event: str | None = None) -> StreamResult:
    faces = tuple(TrackedFace(Box(0, 0, 9, 9), Prediction("sad", 1.0, PROBABILITIES), id, "sad") for id in ids)
    events = (EmotionEvent(0.0, 1, event, None, 0.9),) if event else ()
    return StreamResult(number, 0.0, np.zeros((9, 9, 3), np.uint8), faces, events, seconds)


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> Metrics:
    """Of three frames with two faces in all, on a device that is 61.5 degrees warm and throttled."""
    monkeypatch.setattr(vitals, "temperature_c", lambda: 61.5)
    monkeypatch.setattr(vitals, "throttling", lambda: ["throttled now"])
    counted = Metrics(lambda: MODEL, lambda: {"models_replaced": 3})
    for result in (frame(0, (1,), 0.004, "sad"), frame(1, (1, 2), 0.04), frame(2, (2,), 5.0, "happy")):
        counted.add(result)
    return counted


def value(text: str, name: str) -> float:
    (line,) = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return float(line.rpartition(" ")[2])


def test_counts_and_times(metrics: Metrics) -> None:
    text = metrics.text()
    assert value(text, "fer_edge_frames_total") == 3
    assert value(text, "fer_edge_faces_total") == 2
    assert value(text, "fer_edge_faces") == 1
    assert value(text, 'fer_edge_events_total{emotion="sad"}') == 1
    assert value(text, "fer_edge_models_replaced_total") == 3
    assert value(text, "fer_edge_frame_seconds_sum") == pytest.approx(5.044)
    assert value(text, 'fer_edge_frame_recent_seconds{quantile="0.5"}') == pytest.approx(0.04)
    assert value(text, "fer_edge_temperature_celsius") == 61.5
    assert value(text, 'fer_edge_throttled{reason="throttled now"}') == 1
    assert value(text, 'fer_edge_throttled{reason="under-voltage now"}') == 0


def test_buckets_count_all_below_their_end(metrics: Metrics) -> None:
    text = metrics.text()
    counts = [value(text, f'fer_edge_frame_seconds_bucket{{le="{end}"}}') for end in [*BUCKETS_SECONDS, "+Inf"]]
    assert counts == sorted(counts)
    assert (counts[0], counts[4], counts[-2], counts[-1]) == (1, 2, 2, 3)
    assert value(text, "fer_edge_frame_seconds_count") == 3


def test_every_line_is_of_the_format(metrics: Metrics) -> None:
    text = metrics.text()
    assert text.endswith("\n")
    for line in text.splitlines():
        assert line.startswith(("# HELP fer_edge_", "# TYPE fer_edge_")) or LINE.fullmatch(line), line
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
    assert 'model="a \\"name\\"\\n"' in text, "escaped"


def test_what_the_device_does_not_tell_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vitals, "temperature_c", lambda: None)
    monkeypatch.setattr(vitals, "throttling", lambda: None)
    text = Metrics(dict).text()
    assert "temperature" not in text
    assert "throttled" not in text
    assert value(text, "fer_edge_frames_total") == 0


@pytest.mark.parametrize("pictures", [True, False])
def test_served_beside_the_preview_or_alone(metrics: Metrics, *, pictures: bool) -> None:
    with Preview(port=0, labels=LABELS, metrics=metrics, pictures=pictures) as page:
        with urllib.request.urlopen(f"{page.url}metrics", timeout=20) as answer:
            assert answer.headers["Content-Type"] == CONTENT_TYPE
            assert value(answer.read().decode(), "fer_edge_frames_total") == 3
        if pictures:
            assert urllib.request.urlopen(page.url, timeout=20).status == 200
        else:
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(page.url, timeout=20)


def test_without_metrics_there_is_no_such_page() -> None:
    with Preview(port=0) as page, pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{page.url}metrics", timeout=20)
