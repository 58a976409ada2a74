"""`EmotionStream`: a camera or video in, faces that are followed and events out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING

from fer_edge.runtime.classifier import EmotionClassifier
from fer_edge.runtime.detectors import FaceDetector, load_detector
from fer_edge.runtime.faces import FaceAnalyzer
from fer_edge.runtime.preprocess import channels_of
from fer_edge.stream.capture import Source, open_source
from fer_edge.stream.records import EmotionEvent, Frame, StreamResult, TrackedFace
from fer_edge.stream.search import FaceSearch
from fer_edge.stream.smoothing import Hysteresis, Smoother
from fer_edge.stream.tracker import FaceTracker
from fer_edge.types import FaceEmotion, Prediction

if TYPE_CHECKING:
    from fer_edge.runtime.replaceable import ReplaceableClassifier


class EmotionStream:
    """Iterates over the frames of a source, with the faces in them and the emotions that changed.

    A camera or address is read in a thread and serves its newest frame; if it is lost, it is opened
    again. A video file and an iterable serve every frame. Use it in a `with` block, or call `close`.

    Args:
        source: a camera index, an address (rtsp://, http://), a video file, or an iterable of
            pictures (uint8, BGR or grey) or of `Frame` where you know the times.
        classifier: the model, which stays yours to close; the bundled int8 model when None. A
            `ReplaceableClassifier` is asked to look at its file before each frame.
        detector: finds the faces; when None, YuNet, or Haar where YuNet cannot be had (see `load_detector`).
        margin: what the classifier sees beyond a box; see `FaceAnalyzer`.
        full_search_seconds: how often the whole frame is searched while faces are followed; in between each is
            looked for where it was, if the detector can (see `FaceSearch`). A new face is seen at most so late.
        smoothing_seconds: time constant of the smoothing of probabilities; 0 for none.
        lead: by how much a new emotion's smoothed probability must exceed the current one's ...
        hold_seconds: ... and for how long, before it becomes an event.
        expiry_seconds: how long a face may be missing before its id is given up.
        live: True serves the newest frame and drops older ones, False serves every frame, None
            decides by the source. Pass True for a generator that reads a camera.
        notify: receives one sentence when a source is lost, back, or shorter than it says; by
            default the logger "fer_edge" warns.
        clock: seconds that only go forward.

    Attributes:
        live: whether only the newest frame is served.
        frames: how many frames were served.

    Raises:
        SourceError: the source cannot be opened, or gives no frame.
        ModelError: the bundled model or the default detector cannot be loaded.
    """

    def __init__(
        self,
        source: Source,
        *,
        classifier: EmotionClassifier | ReplaceableClassifier | None = None,
        detector: FaceDetector | None = None,
        margin: float | None = None,
        full_search_seconds: float = 0.5,
        smoothing_seconds: float = 1.0,
        lead: float = 0.15,
        hold_seconds: float = 0.3,
        expiry_seconds: float = 1.0,
        live: bool | None = None,
        notify: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._own_classifier = EmotionClassifier() if classifier is None else None
        used = classifier or self._own_classifier
        assert used is not None
        self._refresh: Callable[[], bool] | None = getattr(used, "refresh", None)
        detector = detector or load_detector(stream=True, notify=notify)
        self._search = FaceSearch(detector, full_every_seconds=full_search_seconds, patience_seconds=expiry_seconds)
        self._analyzer = FaceAnalyzer(used, detector, margin=margin)
        self._tracker = FaceTracker(expiry_seconds=expiry_seconds)
        self._new_face = partial(
            _Face, used.labels, smoothing_seconds=smoothing_seconds, lead=lead, hold_seconds=hold_seconds
        )
        self._new_face()  # refuses impossible values now, not at the first face
        self._faces: dict[int, _Face] = {}
        self.frames = 0
        self._stopped = False
        self._source, self.live = open_source(source, live=live, notify=notify or _warn, clock=clock)

    @property
    def dropped(self) -> int:
        """How many frames of a live source were skipped, because newer ones had come."""
        return self._source.dropped

    @property
    def frame_count(self) -> int:
        """How many frames a video file says it has; 0 for what has no end."""
        return self._source.frame_count

    @property
    def frames_per_second(self) -> float:
        """As the source says; 25 where it says nothing."""
        return self._source.frames_per_second

    def __iter__(self) -> Iterator[StreamResult]:
        return self

    def __next__(self) -> StreamResult:
        if self._stopped:
            raise StopIteration
        frame = next(self._source)
        if self._refresh is not None:
            self._refresh()
        start = time.perf_counter()
        result = self._analyze(frame)
        self.frames += 1
        return replace(result, analysis_seconds=time.perf_counter() - start)

    def stop(self) -> None:
        """End the iteration after the frame in work. A signal handler or another thread may call it."""
        self._stopped = True
        self._source.wake()

    def close(self) -> None:
        """Free the source, and the model if it is the bundled one; iteration ends."""
        self._source.close()
        if self._own_classifier is not None:
            self._own_classifier.close()

    def __enter__(self) -> EmotionStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _analyze(self, frame: Frame) -> StreamResult:
        channels_of(frame.picture)
        found = self._analyzer.analyze(frame.picture, self._search.find(frame.picture, frame.seconds))
        ids = self._tracker.update([face.box for face in found], frame.seconds)
        self._faces = {id: self._faces.get(id) or self._new_face() for id in self._tracker.ids}
        faces, events = [], []
        for id, face in zip(ids, found, strict=True):
            tracked, event = self._faces[id].update(id, face, frame.seconds)
            faces.append(tracked)
            if event is not None:
                events.append(event)
        return StreamResult(self.frames, frame.seconds, frame.picture, tuple(faces), tuple(events))


class _Face:
    """What is remembered of one face."""

    def __init__(self, labels: tuple[str, ...], *, smoothing_seconds: float, lead: float, hold_seconds: float) -> None:
        self._labels = labels
        self._smoother = Smoother(smoothing_seconds)
        self._hysteresis = Hysteresis(labels, lead=lead, hold_seconds=hold_seconds)

    def update(self, id: int, seen: FaceEmotion, seconds: float) -> tuple[TrackedFace, EmotionEvent | None]:
        """Take what one frame shows; return the face as followed, and the event if there is one."""
        probabilities = self._smoother.update(seen.prediction.probabilities, seconds)
        previous = self._hysteresis.emotion
        changed = self._hysteresis.update(probabilities, seconds)
        emotion = self._hysteresis.emotion
        best = int(probabilities.argmax())
        prediction = Prediction(self._labels[best], float(probabilities[best]), probabilities, self._labels)
        tracked = TrackedFace(seen.box, prediction, id, emotion)
        if not changed or emotion is None:
            return tracked, None
        score = float(probabilities[self._labels.index(emotion)])
        return tracked, EmotionEvent(seconds, id, emotion, previous, score)


def _warn(message: str) -> None:
    import logging

    logging.getLogger("fer_edge").warning(message)
