"""What a watch has done and how the device is, in the text format of Prometheus (version 0.0.4).

Written by hand: see docs/decisions/0016-own-metrics.md.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import fer_edge
from fer_edge import vitals
from fer_edge.stream.records import StreamResult

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

BUCKETS_SECONDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0)
"""Upper ends for the time of a frame: a Pi 5 takes some 20 ms, a 32-bit board half a second."""

RECENT = 512
"""Frames that the quantiles are of."""

QUANTILES = (0.5, 0.9, 0.99)

Sample = tuple[str, Mapping[str, str], float]
"""What follows the metric's name, such as "_sum"; labels; value."""


class Metrics:
    """Counts frames, faces and events; may be read by another thread meanwhile.

    Args:
        model: the metadata of the model in use, asked anew for each reading.
        counts: further counters, asked anew for each reading: name, without `fer_edge_` and `_total`, to value.
    """

    def __init__(self, model: Callable[[], Mapping[str, Any]], counts: Callable[[], Mapping[str, int]] = dict) -> None:
        self._model = model
        self._counts = counts
        self._started = time.time()
        self._lock = threading.Lock()
        self._frames = 0
        self._faces = 0
        self._newest_face = 0
        self._events: Counter[str] = Counter()
        self._buckets = [0] * (len(BUCKETS_SECONDS) + 1)
        self._seconds = 0.0
        self._recent: deque[float] = deque(maxlen=RECENT)

    def add(self, result: StreamResult) -> None:
        """Count one frame."""
        took = result.analysis_seconds
        with self._lock:
            self._frames += 1
            self._faces = len(result.faces)
            self._newest_face = max([self._newest_face, *(face.id for face in result.faces)])  # ids are 1, 2, ...
            self._events.update(event.emotion for event in result.events)
            self._buckets[bisect_left(BUCKETS_SECONDS, took)] += 1
            self._seconds += took
            self._recent.append(took)

    def text(self) -> str:
        """Return all metrics; those that this device cannot read are absent."""
        with self._lock:
            recent, buckets = sorted(self._recent), list(self._buckets)
            frames, faces, newest, seconds = self._frames, self._faces, self._newest_face, self._seconds
            events = dict(self._events)
        lines = [
            *_metric("info", "gauge", "The model in use, and fer-edge.", [("", self._about(), 1)]),
            *_metric("start_time_seconds", "gauge", "When it began, in seconds since 1970.", _one(self._started)),
            *_metric("frames_total", "counter", "Frames that were analysed.", _one(frames)),
            *_metric("faces_total", "counter", "Faces that were followed.", _one(newest)),
            *_metric("faces", "gauge", "Faces in the newest frame.", _one(faces)),
            *_metric(
                "events_total",
                "counter",
                "Changes of emotion.",
                [("", {"emotion": name}, count) for name, count in sorted(events.items())],
            ),
            *_metric("frame_seconds", "histogram", "Time to analyse a frame.", _histogram(buckets, seconds)),
            *_metric(
                "frame_recent_seconds",
                "gauge",
                f"Quantiles of the time to analyse a frame, of the newest {RECENT} frames.",
                [("", {"quantile": str(share)}, _quantile(recent, share)) for share in QUANTILES if recent],
            ),
        ]
        for name, count in self._counts().items():
            lines += _metric(f"{name}_total", "counter", f"{name.replace('_', ' ').capitalize()}.", _one(count))
        return "\n".join([*lines, *_vitals()]) + "\n"

    def _about(self) -> dict[str, str]:
        model = self._model()
        recipe = model.get("recipe")
        return {
            "version": fer_edge.__version__,
            "model": str(model.get("name", "")),
            "recipe": str(recipe.get("name", "")) if isinstance(recipe, Mapping) else "",
            "release": str(model.get("release", "")),
            "sha256": str(model.get("flatbuffer_sha256", "")),
        }


def _vitals() -> list[str]:
    """Return temperature and throttling, where the device tells them."""
    lines = []
    temperature, flags = vitals.temperature_c(), vitals.throttling()
    if temperature is not None:
        lines += _metric("temperature_celsius", "gauge", "Of the processor.", _one(temperature))
    if flags is not None:
        samples = [("", {"reason": reason}, float(reason in flags)) for reason in vitals.THROTTLE_BITS.values()]
        lines += _metric("throttled", "gauge", "1 while the firmware of a Raspberry Pi reports it.", samples)
    return lines


def _metric(name: str, kind: str, about: str, samples: Iterable[Sample]) -> list[str]:
    """Return a metric's lines: what it is, and a line a sample."""
    name = f"fer_edge_{name}"
    lines = [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]
    for suffix, labels, value in samples:
        inside = ",".join(f'{key}="{_escape(text)}"' for key, text in labels.items())
        lines.append(f"{name}{suffix}{{{inside}}} {value:.15g}" if inside else f"{name}{suffix} {value:.15g}")
    return lines


def _one(value: float) -> list[Sample]:
    return [("", {}, value)]


def _histogram(buckets: Sequence[int], total: float) -> list[Sample]:
    """Return buckets that each count all below their end, as the format wants it."""
    samples: list[Sample] = []
    count = 0
    for end, inside in zip([*map(str, BUCKETS_SECONDS), "+Inf"], buckets, strict=True):
        count += inside
        samples.append(("_bucket", {"le": end}, count))
    return [*samples, ("_sum", {}, total), ("_count", {}, count)]


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _escape(text: str) -> str:
    """Return a label's value as the format wants it; half characters, which UTF-8 cannot hold, as escapes."""
    text = text.encode("utf-8", "backslashreplace").decode()
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
