"""`fer-edge predict` and `watch`: the options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fer_edge.cli.app import app
from fer_edge.cli.options import DetectorOption, ForceOption, JsonOption


@app.command()
def predict(
    images: Annotated[list[Path], typer.Argument(help="Pictures, or folders of them.")],
    model: Annotated[str, typer.Option(help="A .tflite file or a bundled name.")] = "edge_cnn_s",
    cropped: Annotated[
        bool, typer.Option("--cropped", help="Each picture is one face already: look for none.")
    ] = False,
    detector: DetectorOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the picture with boxes and labels to this file, or with several pictures into this folder; "
            "a picture without a face is not written."
        ),
    ] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Find the faces in pictures and tell the emotion that each shows."""
    from fer_edge.commands.predict import predict as run

    run(images, model=model, cropped=cropped, detector=detector, out=out, force=force, as_json=as_json)


@app.command()
def watch(
    source: Annotated[
        str, typer.Argument(help="A camera number such as 0, an address such as rtsp://..., or a video file.")
    ],
    model: Annotated[str, typer.Option(help="A .tflite file or a bundled name.")] = "edge_cnn_s",
    detector: DetectorOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per event and line.")] = False,
    record: Annotated[
        Path | None, typer.Option(help="Write a CSV file with a row per face and frame, as the watch goes on.")
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Serve a page with the annotated picture.")] = False,
    preview_host: Annotated[
        str, typer.Option(help="Where the page is served; others than this computer see it only if you say so.")
    ] = "127.0.0.1",
    preview_port: Annotated[int, typer.Option(help="0 for any free port.")] = 8080,
    force: ForceOption = False,
) -> None:
    """Follow the faces of a camera or video; print a line whenever an emotion changes, until Ctrl-C."""
    from fer_edge.commands.watch import watch as run

    preview_at = (preview_host, preview_port) if preview else None
    run(source, model=model, detector=detector, as_json=as_json, record=record, force=force, preview_at=preview_at)
