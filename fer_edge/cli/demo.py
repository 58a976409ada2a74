"""`fer-edge demo`: a face and its emotion in seconds; with a Keras model, what its conversion costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import click

from fer_edge.cli.options import FILE, data_option, examples
from fer_edge.files import write_bytes, write_text
from fer_edge.output import console
from fer_edge.stopping import leaving_nothing_behind

PORTRAIT = "astronaut.jpg"
"""Eileen Collins, photographed by NASA: public domain."""

TIMED_RUNS = 50

NEXT = """Next:
  fer-edge predict PHOTO.jpg --out seen.jpg   your own pictures
  fer-edge watch 0 --preview                  a camera, shown in the browser
  fer-edge bench edge_cnn_s edge_cnn_m        accuracy and speed on this device"""


@click.command(epilog=examples("fer-edge demo", "fer-edge demo models/edge_cnn_s.keras --data fer2013.zip"))
@click.argument("model", type=FILE, required=False)
@data_option
@click.option(
    "--out",
    type=FILE,
    metavar="FOLDER",
    default=Path("fer-edge-demo"),
    help="Where the picture, the models and the report go; replaced each time.",
)
@click.option("--all", "everything", is_flag=True, help="With MODEL, print every figure of the bench.")
def command(model: Path | None, data: str | None, out: Path, everything: bool) -> None:
    """Read the face in a portrait that comes with fer-edge.

    With MODEL, a .keras file, it then converts that network to float32, float16, dynamic and int8, benches the four
    files, and draws a report, on FER2013 where it is found.
    """
    _read_portrait(out / PORTRAIT)
    if model is None:
        for line in NEXT.split("\n"):
            console.print_line(line)
    else:
        with leaving_nothing_behind():
            _convert_and_bench(model, data, out, everything=everything)


def _read_portrait(target: Path) -> None:
    """Annotate the portrait; print what its face shows, and how long that took."""
    from fer_edge.runtime import EmotionClassifier, FaceAnalyzer, read_picture
    from fer_edge.runtime.annotate import annotate
    from fer_edge.runtime.bundled import ASSETS
    from fer_edge.runtime.preprocess import encode_picture
    from fer_edge.runtime.quiet import silenced

    picture = read_picture(Path(ASSETS) / PORTRAIT)
    with silenced():
        loaded = EmotionClassifier()
    with loaded as classifier:
        faces = FaceAnalyzer(classifier).analyze(picture)
        box, first = faces[0].box, faces[0].prediction
        crop = picture[box.y : box.y + box.height, box.x : box.x + box.width]
        milliseconds = median(_time_ms(lambda: classifier.predict(crop)) for _ in range(TIMED_RUNS))
    write_bytes(target, encode_picture(annotate(picture, faces), target.suffix))
    console.print_line(f"{first.label} {100 * first.score:.0f} %, {milliseconds:.1f} ms on this computer")
    console.print_line(f"Wrote {target}")


def _time_ms(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


def _convert_and_bench(model: Path, data: str | None, out: Path, *, everything: bool) -> None:
    from fer_edge.benchmarks.html.page import render_page
    from fer_edge.benchmarks.rounds import choose_settings
    from fer_edge.cli.bench import measure, write_report
    from fer_edge.cli.convert_files import convert_files
    from fer_edge.cli.convert_request import ConvertRequest
    from fer_edge.data import fer2013
    from fer_edge.output.bench_table import print_report

    if data is None and fer2013.find_data(None) is None:
        console.print_warning(
            "FER2013 was not found, so int8 is calibrated on 50 public faces from scikit-image, and "
            f"the table shows agreement with float32 instead of accuracy. {fer2013.how_to_get()}"
        )
        data = fer2013.PUBLIC_FACES
    request = ConvertRequest(
        model,
        to=("float32", "float16", "dynamic", "int8"),
        data=data,
        out=out,
        seed=0,
        max_drop=100.0,  # the bench below shows the drop, whatever it is
        force=True,
    )
    files = [outcome.path for outcome in convert_files(request, report=False)]
    settings = choose_settings(quick=True, seed=0, threads=[1])
    report = measure(files, baseline=files[0], data=data, split=None, settings=settings)
    print_report(report, everything=everything)
    write_report(report, out / "report.json")
    write_text(out / "report.html", render_page([("report", report)]))
    console.print_line(f"Open {out / 'report.html'} in a browser.")
