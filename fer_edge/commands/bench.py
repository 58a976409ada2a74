"""`fer-edge bench`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fer_edge import console, dataset
from fer_edge.commands.shared import choose_split, load_quietly, read_fer2013
from fer_edge.errors import FerEdgeError
from fer_edge.files import require_free, require_writable_folder, write_text

if TYPE_CHECKING:
    from fer_edge.benchmarks.results import BenchReport
    from fer_edge.types import LabelledImages


def bench(
    models: list[str],
    *,
    baseline: str | None,
    data: str | None,
    split: str | None,
    threads: str,
    quick: bool,
    seed: int,
    json_file: Path | None,
    force: bool,
) -> BenchReport:
    """Bench models, print the table, write the report if asked to."""
    from fer_edge.benchmarks.bench import run_bench
    from fer_edge.benchmarks.report_file import dump_report
    from fer_edge.benchmarks.rounds import choose_settings
    from fer_edge.commands.bench_table import print_report

    settings = choose_settings(quick=quick, seed=seed, threads=_thread_counts(threads))
    files = [load_quietly(model) for model in models]
    if json_file is not None:
        require_free(json_file, force=force)
        require_writable_folder(json_file.parent)
    faces, name = _bench_faces(data, split)
    with console.status_line() as notify:
        report = run_bench(
            files,
            baseline=load_quietly(baseline) if baseline else None,
            faces=faces,
            faces_name=name,
            settings=settings,
            notify=notify,
            progress=lambda done, total: notify(f"predicting {done:,} of {total:,} faces"),
        )
    print_report(report)
    if json_file is not None:
        write_text(json_file, dump_report(report))
        console.OUT.print(f"Report: {json_file}", highlight=False, soft_wrap=True)
    return report


def _bench_faces(data: str | None, split: str | None) -> tuple[LabelledImages | npt.NDArray[np.uint8] | None, str]:
    """Return what to measure on, and its name for the report."""
    if data == dataset.PUBLIC_FACES:
        faces = dataset.read_public_faces()
        return faces, f"{len(faces)} public faces of scikit-image, unlabelled"
    path = dataset.find_data(Path(data) if data else None)
    if path is None:
        console.print_warning(f"No accuracy: FER2013 was not found. {dataset.how_to_get()}")
        return None, ""
    splits = read_fer2013(data)
    chosen = choose_split(split, splits)
    return splits[chosen], f"FER2013 split '{chosen}', {len(splits[chosen]):,} images"


def _thread_counts(text: str) -> list[int]:
    """Return the counts in "1,2,4"."""
    try:
        counts = [int(part) for part in text.split(",")]
    except ValueError:
        counts = []
    if not counts or min(counts) < 1:
        raise FerEdgeError(f"Expected thread counts such as 1,2, got '{text}'.")
    return sorted(set(counts))
