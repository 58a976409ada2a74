"""`fer-edge watch`: a stream in, a line per event out, and a log or a page if asked for."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING

import click

from fer_edge.cli.options import (
    FILE,
    detector_option,
    examples,
    force_option,
    margin_option,
    min_confidence_option,
    min_face_option,
    model_option,
    stating_options,
    trusted_key_option,
)
from fer_edge.cli.stated import read_statement
from fer_edge.cli.watch_log import Recorder, Summary, event_json, event_text
from fer_edge.files import replacing, require_free, require_writable_folder
from fer_edge.output import console
from fer_edge.stopping import SIGNALS

ALL_ADDRESSES = ("0.0.0.0", "::")  # noqa: S104
"""Of this computer: what a server may bind to, and no browser elsewhere can open."""

if TYPE_CHECKING:
    from types import FrameType

    from fer_edge.runtime import EmotionClassifier, EmotionStream
    from fer_edge.runtime.foreign import Statement
    from fer_edge.runtime.replaceable import ReplaceableClassifier
    from fer_edge.stream.clip import ClipWriter
    from fer_edge.stream.preview import Preview
    from fer_edge.stream.prometheus import Metrics
    from fer_edge.stream.records import StreamResult


@click.command(
    epilog=examples(
        "fer-edge watch 0 --preview",
        "fer-edge watch film.mp4 --out seen.mp4 --csv faces.csv",
        "fer-edge watch rtsp://camera/live --jsonl | mosquitto_pub -l -t emotion",
    )
)
@click.argument("source")
@model_option
@stating_options
@detector_option
@min_face_option
@min_confidence_option
@margin_option
@click.option(
    "--min-score", type=click.FloatRange(0, 1), default=0.0, metavar="0..1", help="Leave out less sure events."
)
@click.option("--json", "--jsonl", "as_json", is_flag=True, help="Print one JSON object per event and line.")
@click.option(
    "--record", "--csv", type=FILE, help="Write a CSV file with a row per face and frame, as the watch goes on."
)
@click.option("--out", type=FILE, metavar="CLIP.mp4", help="Write the annotated video; also .avi or .mkv.")
@click.option("--preview", is_flag=True, help="Serve a page with the annotated picture.")
@click.option(
    "--preview-host",
    metavar="HOST",
    default="127.0.0.1",
    help="Where the page is served; other computers see it only if you name an address.",
)
@click.option("--preview-port", type=int, metavar="PORT", default=8080, help="0 for any free port.")
@click.option("--metrics", is_flag=True, help="Serve /metrics for Prometheus there; without --preview nothing else.")
@trusted_key_option
@click.option(
    "--last-good",
    type=FILE,
    metavar="FILE",
    help="With --trusted-key: a copy of the model in use, for a start with a model that is refused.",
)
@force_option
def command(
    source: str,
    model: str,
    labels: str | None,
    input_range: str | None,
    colour: str | None,
    detector: str,
    min_face: int | None,
    min_confidence: float | None,
    margin: float | None,
    min_score: float,
    as_json: bool,
    record: Path | None,
    out: Path | None,
    preview: bool,
    preview_host: str,
    preview_port: int,
    metrics: bool,
    trusted_key: Path | None,
    last_good: Path | None,
    force: bool,
) -> None:
    """Follow the faces of a camera or video until Ctrl-C.

    Prints a line whenever an emotion changes.

    SOURCE is a camera number such as 0, picamera (a Raspberry Pi's own), an address such as rtsp://... or
    tcp://..., a video file, or a pipeline of GStreamer in quotes.

    With --trusted-key, a newer signed model that replaces the file is taken while the watch goes on.
    """
    if last_good is not None and trusted_key is None:
        raise click.UsageError("--last-good needs --trusted-key.")
    for target in filter(None, (record, out)):
        require_free(target, force=force)
        require_writable_folder(target.parent)
    if out is not None:
        from fer_edge.stream.clip import check_clip_name

        check_clip_name(out)
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # quiet: what matters becomes our one sentence
    from fer_edge.runtime import EmotionStream, load_detector
    from fer_edge.runtime.quiet import silenced
    from fer_edge.stream.overlay import annotate_tracked

    statement = read_statement(labels, input_range, colour)
    summary = Summary()
    with ExitStack() as stack:
        with silenced():
            classifier = _open_model(model, statement, trusted_key, last_good)
        stack.push(classifier)
        finder = load_detector(
            detector, stream=True, min_size=min_face, min_confidence=min_confidence, notify=console.print_warning
        )
        camera = int(source) if source.isdecimal() else source
        stream = stack.enter_context(
            EmotionStream(camera, classifier=classifier, detector=finder, margin=margin, notify=console.print_warning)
        )
        counted = _count(stream, classifier) if metrics else None
        page = (
            stack.enter_context(_open_preview(preview_host, preview_port, classifier.labels, counted, pictures=preview))
            if preview or metrics
            else None
        )
        # Opened last: a source or port that fails must not cost an older recording.
        recorder = stack.enter_context(Recorder(record, classifier.labels)) if record else None
        clip = stack.enter_context(_open_clip(out, stream.frames_per_second, force=force)) if out else None
        progress = stack.enter_context(console.progress_bar("watching")) if stream.frame_count else None
        with _stopped_by_signals(stream):
            for frame in stream:
                result = replace(frame, events=tuple(event for event in frame.events if event.score >= min_score))
                summary.add(result)
                time = datetime.now().astimezone() if stream.live else None
                _print_events(result, time, as_json=as_json)
                if recorder:
                    recorder.write(result, time)
                if clip:
                    clip.write(annotate_tracked(result.picture, result.faces), result.seconds)
                if counted:
                    counted.add(result)
                if page:
                    page.show(result, time)
                if progress:
                    progress(result.number + 1, max(stream.frame_count, result.number + 1))
    console.print_note(summary.text(stream.dropped))
    for target in filter(None, (record, out)):
        console.print_note(f"Wrote {target}")


def _print_events(result: StreamResult, time: datetime | None, *, as_json: bool) -> None:
    for event in result.events:
        if as_json:
            console.print_json_line(event_json(event, time))
        else:
            console.print_line(event_text(event, time))


@contextmanager
def _open_clip(path: Path, frames_per_second: float, *, force: bool) -> Iterator[ClipWriter]:
    """Yield a writer of a video that is there when the block ends, whole, also after Ctrl-C."""
    from fer_edge.stream.clip import ClipWriter

    with replacing(path, force=force) as temporary:
        writer = ClipWriter(temporary, frames_per_second)
        try:
            yield writer
        finally:
            writer.close()


def _open_model(
    model: str, statement: Statement, trusted_key: Path | None, last_good: Path | None
) -> EmotionClassifier | ReplaceableClassifier:
    """Load the model; one that must be signed may be replaced on the disk meanwhile."""
    from fer_edge.runtime import EmotionClassifier

    if trusted_key is None:
        return EmotionClassifier(model, **statement.as_options())
    from fer_edge.runtime.bundled import find_model
    from fer_edge.runtime.replaceable import ReplaceableClassifier

    return ReplaceableClassifier(
        model if last_good is not None and last_good.exists() else find_model(model),
        trusted_key=trusted_key,
        last_good=last_good,
        notify=console.print_warning,
        **statement.as_options(),
    )


def _count(stream: EmotionStream, classifier: EmotionClassifier | ReplaceableClassifier) -> Metrics:
    """Return counters of frames and faces, and of what else happens to a stream and its model."""
    from fer_edge.stream.prometheus import Metrics

    def counts() -> dict[str, int]:
        return {
            "frames_dropped": stream.dropped,
            "models_replaced": getattr(classifier, "replaced", 0),
            "models_refused": getattr(classifier, "refused", 0),
        }

    return Metrics(lambda: classifier.metadata.content, counts)


def _open_preview(host: str, port: int, labels: tuple[str, ...], metrics: Metrics | None, *, pictures: bool) -> Preview:
    """Start the page, the metrics or both, and say where they are and who can see them."""
    from fer_edge.stream.preview import Preview, is_loopback

    preview = Preview(host, port, labels=labels, metrics=metrics, pictures=pictures)
    what, path = ("Preview", "") if pictures else ("Metrics", "metrics")
    if is_loopback(host):
        way = f" (from another computer first: ssh -L {preview.port}:{host}:{preview.port} HERE)" if pictures else ""
        console.print_note(f"{what}: {preview.url}{path}{way}")
    else:
        url = f"http://{gethostname()}:{preview.port}/" if host in ALL_ADDRESSES else preview.url
        console.print_note(f"{what}: {url}{path}")
        seen = "see this camera" if pictures else "read how many faces are seen and what they show"
        console.print_warning(f"Anyone who can reach {host}, port {preview.port}, can {seen}: there is no password.")
    return preview


@contextmanager
def _stopped_by_signals(stream: EmotionStream) -> Iterator[None]:
    """Let Ctrl-C, `kill` or a closed terminal end the stream: for a watch that is the normal end.

    The frame in work is finished, since what a signal raises inside OpenCV or the interpreter comes out as an
    error of theirs. A second signal raises.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.default_int_handler)
        stream.stop()

    before = {number: signal.signal(number, stop) for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
