"""`fer-edge bench`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_edge.cli.options import (
    FILE,
    architecture_option,
    data_option,
    detector_option,
    examples,
    force_option,
    stating_options,
    trusted_key_option,
)
from fer_edge.cli.shared import load_quietly, read_one_split
from fer_edge.cli.stated import convert_to_float32, describe_copies, is_keras, read_statement
from fer_edge.errors import FerEdgeError
from fer_edge.files import require_free, require_open_folder, require_writable_folder, write_text
from fer_edge.output import console
from fer_edge.stopping import leaving_nothing_behind

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fer_edge.benchmarks.results import BenchReport, Settings
    from fer_edge.runtime.foreign import Statement
    from fer_edge.types import LabelledImages


@click.command(
    epilog=examples(
        "fer-edge bench edge_cnn_s edge_cnn_m --data fer2013.zip",
        "fer-edge bench models/ --threads 1,2 --json pi4.json",
    )
)
@click.argument("models", nargs=-1, required=True)
@click.option("--baseline", help="What to compare with; default: the float32 file of the same network, else the first.")
@data_option
@click.option("--split", help="Default: public, else test, else private.")
@click.option("--threads", metavar="1,2,...", default="1", help="Thread counts.")
@click.option("--quick", is_flag=True, help="Seconds instead of minutes; not for publication.")
@stating_options
@architecture_option
@detector_option
@click.option("--seed", type=int, default=0, help="Of crops, order of the variants and bootstrap.")
@click.option("--json", "json_file", type=FILE, metavar="FILE", help="Write all figures and raw samples to this file.")
@trusted_key_option
@click.option("--all", "everything", is_flag=True, help="Print every figure, and every reason to doubt it.")
@force_option
def command(
    models: tuple[str, ...],
    baseline: str | None,
    data: str | None,
    split: str | None,
    threads: str,
    quick: bool,
    labels: str | None,
    input_range: str | None,
    colour: str | None,
    architecture: str | None,
    detector: str,
    seed: int,
    json_file: Path | None,
    trusted_key: Path | None,
    everything: bool,
    force: bool,
) -> None:
    """Measure accuracy, drop, latency and memory on this device.

    MODELS are .tflite files, also of other makers, folders of them, bundled names, or Keras networks, which are
    measured as their float32 files. Accuracy is left out for those that name other classes than FER2013.
    """
    from fer_edge.benchmarks.rounds import choose_settings
    from fer_edge.output.bench_table import print_report
    from fer_edge.runtime import load_detector

    settings = choose_settings(quick=quick, seed=seed, threads=_thread_counts(threads))
    if detector != "auto":
        load_detector(detector)  # one that cannot be had is refused now, not after minutes
    statement = read_statement(labels, input_range, colour)
    if json_file is not None:
        require_free(json_file, force=force)
        require_writable_folder(json_file.parent)
    with leaving_nothing_behind(), tempfile.TemporaryDirectory() as folder:
        named = [*_expand(models), *([baseline] if baseline else [])]
        named = _convert_keras(named, architecture, statement, data, Path(folder) / "keras")
        files = describe_copies(named, statement, Path(folder))
        for file in files:
            load_quietly(str(file), trusted_key)
        report = measure(
            files[:-1] if baseline else files,
            baseline=files[-1] if baseline else None,
            data=data,
            split=split,
            settings=settings,
            detector=detector,
        )
    print_report(report, everything=everything)
    if json_file is not None:
        write_report(report, json_file)


def measure(
    files: list[Path],
    *,
    baseline: Path | None,
    data: str | None,
    split: str | None,
    settings: Settings,
    detector: str = "auto",
) -> BenchReport:
    """Bench model files on FER2013 where it is named or found, and show on stderr how far it got."""
    from fer_edge.benchmarks.bench import run_bench

    measurable = _say_what_is_measured([*files, *([baseline] if baseline else [])])
    faces, name = _bench_faces(data, split) if measurable else (None, "")
    with console.status_line() as notify:
        return run_bench(
            files,
            baseline=baseline,
            faces=faces,
            faces_name=name,
            settings=settings,
            notify=notify,
            progress=lambda done, total: notify(f"predicting all faces: {done:,} of {total:,}"),
            detector=detector,
        )


def _expand(models: tuple[str, ...]) -> list[str]:
    """Return the models, with the .tflite files of a folder in its place, in the order of their names.

    Raises:
        FerEdgeError: a folder holds none.
    """
    from fer_edge.runtime.bundled import is_bundled

    expanded: list[str] = []
    for model in models:
        folder = Path(model)
        if not folder.is_dir() or is_bundled(model) or (folder / "saved_model.pb").is_file():
            expanded.append(model)
            continue
        require_open_folder(folder)
        inside = sorted(str(path) for path in folder.glob("*.tflite"))
        if not inside:
            raise FerEdgeError(f"{folder}: no .tflite file in this folder.")
        expanded += inside
    return expanded


def _convert_keras(
    models: list[str], architecture: str | None, statement: Statement, data: str | None, folder: Path
) -> list[str]:
    """Return the models, with a float32 file in `folder` in the place of each Keras network."""

    def converted(number: int, model: str) -> str:
        name, content = convert_to_float32(model, architecture, statement, data)
        target = folder / str(number) / name  # two may have the same name
        target.parent.mkdir(parents=True)
        target.write_bytes(content)
        return str(target)

    return [converted(number, model) if is_keras(model) else model for number, model in enumerate(models)]


def _say_what_is_measured(files: list[Path]) -> bool:
    """Say beforehand which models are timed without accuracy; return whether any is measured on FER2013."""
    from fer_edge.benchmarks.accuracy import measured_classes
    from fer_edge.emotions import measured_labels
    from fer_edge.modelfile.metadata import read_model

    labels = {file: read_model(file).metadata.labels for file in files}
    for file, names in labels.items():
        if not measured_classes(names):
            some = measured_labels(names)
            elsewhere = f" 'fer-edge evaluate' measures it on the {len(some)} that both have." if some else ""
            console.print_warning(
                f"No accuracy of {file.name}: it names other classes than FER2013 ({', '.join(names[:8])}"
                f"{', ...' if len(names) > 8 else ''}). Time and memory are measured.{elsewhere}"
            )
    return any(measured_classes(names) for names in labels.values())


def write_report(report: BenchReport, path: Path) -> None:
    """Write a report as JSON, in place of an older one."""
    from fer_edge.benchmarks.report_file import dump_report

    write_text(path, dump_report(report))
    console.print_line(f"Report: {path}")


def _bench_faces(data: str | None, split: str | None) -> tuple[LabelledImages | npt.NDArray[np.uint8] | None, str]:
    """Return what to measure on, and its name for the report."""
    from fer_edge.data import fer2013

    if data == fer2013.PUBLIC_FACES:
        faces = fer2013.read_public_faces()
        return faces, f"{len(faces)} public faces of scikit-image, unlabelled"
    path = fer2013.find_data(Path(data) if data else None)
    if path is None:
        console.print_warning(f"No accuracy: FER2013 was not found. {fer2013.how_to_get()}")
        return None, ""
    images = read_one_split(path, split)
    return images, f"FER2013 split '{images.split}', {len(images):,} images"


def _thread_counts(text: str) -> list[int]:
    """Return the counts in "1,2,4"."""
    try:
        counts = [int(part) for part in text.split(",")]
    except ValueError:
        counts = []
    if not counts or min(counts) < 1:
        raise FerEdgeError(f"Expected thread counts such as 1,2, got '{text}'.")
    return sorted(set(counts))
