"""`fer-edge label`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_edge.cli.options import (
    FILE,
    detector_option,
    examples,
    json_option,
    min_confidence_option,
    model_option,
    on_option,
)

if TYPE_CHECKING:
    from fer_edge.labelling.labeller import Settings
    from fer_edge.labelling.whole import Engine, Summary


@click.command(
    epilog=examples(
        "fer-edge label photos --out labels",
        "fer-edge label 'films/*.mp4' --fps 1 --out labels",
        "fer-edge label s3://bucket/photos --on ray://head:10001 --out /shared/labels",
    )
)
@click.argument("sources", nargs=-1, required=True)
@click.option("--out", type=FILE, required=True, help="The folder of results; a second call adds what is missing.")
@model_option
@detector_option
@min_confidence_option
@click.option("--fps", type=click.FloatRange(0.01, 1000), default=2.0, help="Frames a second to look at in videos.")
@on_option
@click.option("--workers", type=click.IntRange(1, 100_000), help="Processes, with a core each; default: one a core.")
@click.option("--retry-failures", is_flag=True, help="Try again what could not be read in an earlier call.")
@json_option
def command(
    sources: tuple[str, ...],
    out: Path,
    model: str,
    detector: str,
    min_confidence: float | None,
    fps: float,
    on: str,
    workers: int | None,
    retry_failures: bool,
    as_json: bool,
) -> None:
    """Label many pictures and videos: a row a face, in Parquet.

    SOURCES are pictures, videos, folders, patterns in quotes such as "photos/**/*.jpg", lists (@FILE with one source a
    line), and addresses such as s3://bucket/folder.
    """
    import os

    from fer_edge.labelling.whole import label_sources
    from fer_edge.output import console

    settings, labels = _settings(model, detector, min_confidence, fps)
    count = workers or os.cpu_count() or 1
    with console.progress_bar("labelling", unit="items") as notify:
        summary = label_sources(
            sources,
            out,
            settings,
            labels,
            _engine(on, settings, workers),
            retry_failures=retry_failures,
            workers=count,
            notify=notify,
        )
    _report(summary, out, as_json=as_json)


def _settings(model: str, detector: str, min_confidence: float | None, rate: float) -> tuple[Settings, tuple[str, ...]]:
    """Return what the rows depend on, and the model's labels; the model is checked here, before workers start."""
    from fer_edge import __version__
    from fer_edge.labelling.labeller import Settings
    from fer_edge.modelfile.metadata import read_model
    from fer_edge.runtime.bundled import bundled_names, find_model

    path = Path(find_model(model))
    found = read_model(path.read_bytes(), name=str(path)).metadata
    name = model if model in bundled_names() else str(path.resolve())
    sha256 = str(found.content["flatbuffer_sha256"])
    return Settings(name, sha256, detector, min_confidence, rate, __version__), tuple(found.labels)


def _engine(on: str, settings: Settings, workers: int | None) -> Engine:
    import os
    from functools import partial

    from fer_edge.cli.shared import is_on_ray, ray_address
    from fer_edge.labelling.local import label_local
    from fer_edge.labelling.on_ray import label_on_ray

    if is_on_ray(on):
        return partial(label_on_ray, settings=settings, workers=workers, address=ray_address(on))
    return partial(label_local, settings=settings, workers=workers or os.cpu_count() or 1)


def _report(summary: Summary, out: Path, *, as_json: bool) -> None:
    from dataclasses import asdict

    from fer_edge.output import console

    if as_json:
        console.print_json(asdict(summary))
        return
    rate = summary.labelled / summary.seconds if summary.seconds else 0.0
    print(f"Labelled {summary.labelled:,} of {summary.items:,} items in {summary.seconds:.1f} s ({rate:.1f} a second).")
    if summary.done_before:
        print(f"{summary.done_before:,} were done already.")
    print(f"Faces: {summary.faces:,} new rows in {out / 'faces'}")
    if summary.failed:
        print(f"Failed: {summary.failed:,}, each with its reason in {out / 'failures.parquet'}")
