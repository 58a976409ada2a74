"""Smoothing, hysteresis and tracking in the browser give what they give in Python."""

from pathlib import Path

import numpy as np
from web.node import random_pictures, run_engine, store_pictures

from fer_edge.runtime.bundled import find_model
from fer_edge.stream.smoothing import Hysteresis, Smoother
from fer_edge.stream.tracker import FaceTracker
from fer_edge.types import LABELS, Box


def test_smoothing_is_equal(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    values = rng.dirichlet([0.3] * 7, 80).astype(np.float32).repeat(3, axis=0)
    seconds = rng.uniform(0.01, 0.2, len(values)).cumsum().tolist()
    seen = list(zip(seconds, values.tolist(), strict=True))
    found = run_engine("smooth", tmp_path, seen=seen, tau=0.4, lead=0.15, holdSeconds=0.3)
    smoother, state, emotions = Smoother(0.4), Hysteresis(LABELS, lead=0.15, hold_seconds=0.3), set()
    for (when, _), value, (smoothed, current) in zip(seen, values, found, strict=True):
        expected = smoother.update(value, when)
        state.update(expected, when)
        assert np.allclose(smoothed, expected, atol=1e-7)
        assert state.emotion == (None if current is None else LABELS[current])
        emotions.add(state.emotion)
    assert len(emotions) > 4


def test_tracking_is_equal(tmp_path: Path) -> None:
    """Two faces that cross, one of which is away for a while."""
    frames = []
    for number in range(60):
        left = {"x": 10 + 6 * number, "y": 50, "width": 80, "height": 90}
        right = {"x": 370 - 6 * number, "y": 70, "width": 80, "height": 90}
        frames.append((number / 15, [left] if 20 < number < 26 or number > 50 else [right, left]))
    tracker = FaceTracker()
    expected = [tracker.update([Box(**box) for box in boxes], seconds) for seconds, boxes in frames]
    assert run_engine("track", tmp_path, frames=frames) == expected
    assert max(id for ids in expected for id in ids) >= 2


def test_an_event_tells_the_first_emotion(tmp_path: Path) -> None:
    pictures = store_pictures(random_pictures([(64, 64)]), tmp_path)
    box = {"x": 4, "y": 4, "width": 50, "height": 50}
    results = run_engine(
        "stream", tmp_path, model=find_model("edge_cnn_s"), box=box, seconds=[0, 0.2, 0.4, 9], **pictures
    )
    assert [len(result["events"]) for result in results] == [0, 0, 1, 0]
    assert results[2]["events"][0] | {"score": 0, "emotion": ""} == {
        "seconds": 0.4, "face": 1, "emotion": "", "previous": None, "score": 0
    }  # fmt: skip
    assert [result["faces"][0]["id"] for result in results] == [1, 1, 1, 2]
