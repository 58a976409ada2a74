"""`fer-edge experiments`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_edge.cli.options import FILE, data_option, examples, json_option, on_option, read_classes
from fer_edge.cli.shared import import_keras, is_on_ray, ray_address, read_fer2013
from fer_edge.errors import DataError, FerEdgeError, RecipeError
from fer_edge.files import require_writable_folder
from fer_edge.output import console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_edge.experiments.gains import Row
    from fer_edge.experiments.trial_run import Engine, Training, Trial


@click.command(
    epilog=examples(
        "fer-edge experiments mine.toml --data fer2013.zip",
        "fer-edge experiments mine.toml --workers 4 --json",
        "fer-edge experiments mine.toml --on ray://head:10001 --out /shared/mine",
    )
)
@click.argument("file", metavar="FILE.toml", type=FILE)
@data_option
@click.option("--votes", type=FILE, help="FER+ votes as CSV, for recipes that learn from them.")
@click.option(
    "--out", type=FILE, help="The folder of the runs; default: runs/FILE. A second call adds what is missing."
)
@on_option
@click.option("--workers", type=click.IntRange(1, 1000), help="Trials at a time on this machine; default: 1.")
@click.option(
    "--cores", type=click.IntRange(1, 10_000), help="Cores a trial; default: all, shared by the workers; on Ray 1."
)
@json_option
def command(
    file: Path,
    data: str | None,
    votes: Path | None,
    out: Path | None,
    on: str,
    workers: int | None,
    cores: int | None,
    as_json: bool,
) -> None:
    """Train with one choice changed at a time, and compare.

    FILE.toml names a recipe, seeds, and choices, each with the fields that it changes. Every choice is trained with
    every seed, in a run folder of its own, and compared with the baseline on the same held-out images.
    """
    from fer_edge.experiments.gains import compare_trials
    from fer_edge.experiments.held_out import read_held_out
    from fer_edge.experiments.plan import make_trials, read_plan

    plan = read_plan(file)
    out = out or Path("runs") / file.stem
    trials = make_trials(plan, file, out)
    require_writable_folder(out)
    engine = _engine(on, _training(trials, data, votes, on, workers, cores), workers, cores)
    failures = _train(trials, engine)
    _measure([trial for trial in trials if trial.finished], data)
    rows = compare_trials([(trial, read_held_out(trial)) for trial in trials if trial.finished])
    _report(rows, failures, as_json=as_json)


def _training(
    trials: Sequence[Trial], data: str | None, votes: Path | None, on: str, workers: int | None, cores: int | None
) -> Training:
    """Return how each trial is trained; what it needs is looked for now, not hours later."""
    import os

    from fer_edge.data.fer2013 import require_data
    from fer_edge.data.votes import read_votes
    from fer_edge.experiments.trial_run import Training

    options = ["--data", str(require_data(Path(data) if data else None).absolute())]
    if votes is not None:
        read_votes(votes)
        options += ["--votes", str(votes.absolute())]
    for trial in trials:
        if trial.config.labels != "fer" and votes is None:
            raise DataError(f"The choice '{trial.choice}' needs the FER+ votes: pass their CSV with --votes.")
    threads = cores or (max(1, (os.cpu_count() or 1) // (workers or 1)) if on == "local" else 1)
    environment = {f"TF_NUM_{kind}OP_THREADS": str(threads) for kind in ("INTRA", "INTER")}
    if "KERAS_BACKEND" in os.environ:
        environment["KERAS_BACKEND"] = os.environ["KERAS_BACKEND"]
    return Training((*options, *read_classes().as_options()), environment, os.getcwd())


def _engine(on: str, training: Training, workers: int | None, cores: int | None) -> Engine:
    from functools import partial

    from fer_edge.experiments.on_cluster import train_on_cluster
    from fer_edge.experiments.side_by_side import train_side_by_side

    if not is_on_ray(on):
        return partial(train_side_by_side, training=training, workers=workers or 1)
    if workers is not None:
        raise FerEdgeError("--workers is for this machine; on Ray say with --cores how many cores a trial takes.")
    return partial(train_on_cluster, training=training, address=ray_address(on), cores=cores or 1)


def _train(trials: Sequence[Trial], engine: Engine) -> dict[str, str]:
    """Train what is not finished; return trial -> why it failed."""
    import sys
    from contextlib import closing, redirect_stdout

    from fer_edge.experiments.trial_run import LOG

    missing = [trial for trial in trials if not trial.finished]
    if missing:
        import_keras()  # now, not in each trial
    for trial in trials:
        trial.prepare()
    if not missing:
        console.print_note(f"All {len(trials)} trials are finished already.")
        return {}
    console.print_note(
        f"{len(missing)} of {len(trials)} trials to train; {LOG} in each folder of {missing[0].run.path.parent} tells "
        "how far it is."
    )
    failures = {}
    # Ray prints on stdout that a machine has died; there the table goes, or JSON.
    with (
        redirect_stdout(sys.stderr),
        console.progress_bar("training") as notify,
        closing(engine(missing)) as ended,
    ):
        notify(0, len(missing))
        for done, (trial, failure) in enumerate(ended, 1):
            notify(done, len(missing))
            if failure is not None:
                failures[trial.name] = failure
                console.print_warning(f"{trial.name}: {failure}")
            else:
                console.print_note(f"{done}/{len(missing)} {trial.name}: trained")
    return failures


def _measure(trials: Sequence[Trial], data: str | None) -> None:
    """Ask the networks about their held-out images, where that was not done yet."""
    import logging

    from fer_edge.experiments.held_out import held_out_file, measure_held_out

    missing = [trial for trial in trials if not held_out_file(trial).is_file()]
    if not missing:
        return
    import_keras(announce=False)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # else it warns of many networks in one process
    training = read_fer2013(data).get("train")
    if training is None:
        raise DataError("Experiments need the split 'train', which this copy of FER2013 lacks.")
    with console.progress_bar("measuring") as notify:
        measure_held_out(missing, training, notify)


def _report(rows: Sequence[Row], failures: dict[str, str], *, as_json: bool) -> None:
    from dataclasses import asdict

    from fer_edge.output.experiments_table import print_rows

    if as_json:
        shown = [asdict(row) | ({"verdict": row.gain.verdict} if row.gain else {}) for row in rows]
        console.print_json({"choices": shown, "failures": failures})
    elif rows:
        print_rows(rows)
    if failures:
        first, reason = next(iter(failures.items()))
        raise RecipeError(f"{len(failures)} trial(s) failed, first '{first}': {reason}")
