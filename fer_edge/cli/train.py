"""`fer-edge train`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fer_edge.cli.options import FILE, data_option, examples, read_classes
from fer_edge.cli.shared import import_keras, read_fer2013
from fer_edge.errors import DataError, OutputError, RecipeError
from fer_edge.files import require_writable_folder
from fer_edge.output import console

if TYPE_CHECKING:
    from fer_edge.data.votes import Votes
    from fer_edge.train.config import TrainConfig
    from fer_edge.train.run import RunFolder
    from fer_edge.types import LabelledImages


@click.command(
    epilog=examples(
        "fer-edge train edge_cnn_s --data fer2013.zip --time-budget 90m",
        "fer-edge train --resume runs/edge_cnn_s",
        "fer-edge train mine.toml --set epochs=40",
    )
)
@click.argument("recipe", required=False)
@data_option
@click.option("--out", type=FILE, help="The run folder to create; default: runs/RECIPE.")
@click.option("--resume", type=FILE, help="A run folder to continue.")
@click.option("--votes", type=FILE, help="FER+ votes as CSV, for recipes with labels = ferplus or blend.")
@click.option(
    "--time-budget",
    metavar="TIME",
    help="Such as 150m: plan the epochs to fit; with --resume, extend a finished run by a cycle.",
)
@click.option("--epochs", type=int, help="Override the recipe.")
@click.option("--batch-size", type=int, help="Override the recipe.")
@click.option("--learning-rate", type=float, help="Override the recipe.")
@click.option("--seed", type=int, help="Override the recipe.")
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Override any field; repeatable.")
def command(
    recipe: str | None,
    data: str | None,
    out: Path | None,
    resume: Path | None,
    votes: Path | None,
    time_budget: str | None,
    settings: tuple[str, ...],
    **overrides: Any,
) -> None:
    """Train a network on FER2013.

    --resume continues an interrupted run.

    RECIPE is a shipped recipe or a .toml file, which may start from another with base = "edge_cnn_s", and name your own
    network with model = "mypackage.mynet:build". Without any argument, the shipped ones are listed.
    """
    if not any(click.get_current_context().params.values()):
        _print_recipes()
        return
    from fer_edge.data.votes import read_votes
    from fer_edge.train.run import RunFolder

    seconds = _seconds(time_budget)
    named = {name: value for name, value in overrides.items() if value is not None}
    if (recipe is None) == (resume is None):
        raise RecipeError("Expected a recipe to start or --resume RUN to continue; see 'fer-edge train --help'.")
    if resume is not None:
        if named or settings or out:
            raise RecipeError("--resume uses the run's own recipe; leave out --out, --set and the other overrides.")
        run = RunFolder(resume)
        config = run.read_recipe()
    else:
        from fer_edge.toml import parse_override
        from fer_edge.train.config import load_recipe

        assert recipe is not None
        config = load_recipe(recipe, {**dict(parse_override(text) for text in settings), **named})
        run = RunFolder(out or Path("runs") / Path(recipe).stem)
        require_writable_folder(run.path)
    run.require_sources(config)
    with run.claimed():
        if resume is None:
            _require_new_run(run)
        shares = read_votes(votes) if votes else None
        splits = read_fer2013(data)
        if "train" not in splits:
            raise DataError(f"Training needs the split 'train'; this copy of FER2013 has only {', '.join(splits)}.")
        import_keras()
        if seconds:
            config = _plan(config, splits["train"], run, seconds, resumed=resume is not None)
        _warn_of_last_size(config)
        named_files = [str(part) for pair in (("--data", data), ("--votes", votes)) if pair[1] for part in pair]
        again = shlex.join(["fer-edge", "train", "--resume", str(run.path), *named_files, *read_classes().as_options()])
        _train_and_report(config, splits, shares, run, again=again)


def _print_recipes() -> None:
    """Print the shipped recipes, each with what its file says of it in a line."""
    from fer_edge.train.config import describe_recipes

    recipes = describe_recipes()
    width = max(map(len, recipes))
    for name, about in recipes.items():
        console.print_line(f"{name:{width}}  {about}")
    console.print_note("Start one with 'fer-edge train NAME --data fer2013.zip'.")


def _seconds(time_budget: str | None) -> float | None:
    from fer_edge.train.duration import parse_duration

    return parse_duration(time_budget) if time_budget else None


def _require_new_run(run: RunFolder) -> None:
    """Check that the run folder holds no run yet, so that none is ever overwritten."""
    if run.recipe.exists():
        raise OutputError(
            f"{run.path} already contains a run. Continue it with 'fer-edge train --resume {run.path}', or choose "
            "another --out."
        )


def _plan(config: TrainConfig, images: LabelledImages, run: RunFolder, seconds: float, *, resumed: bool) -> TrainConfig:
    """Return the recipe with the epochs that fit into the time, and say so; a finished run gets another cycle."""
    from fer_edge.train.budget import extend, fit_epochs
    from fer_edge.train.duration import show_duration

    if not resumed:
        console.print_note("timing a few steps")
    plan = extend(config, run, seconds) if resumed else fit_epochs(config, images, seconds)
    if plan is None:
        console.print_note("The run is not finished: its own schedule comes first. Repeat --time-budget afterwards.")
        return config
    own = f"; the recipe's own {config.epochs} would take {show_duration(config.epochs * plan.epoch_seconds)}"
    console.print_note(
        f"{plan.epochs} epochs of about {plan.epoch_seconds:.0f} s are planned to fit in {show_duration(seconds)}"
        f"{'' if resumed else own}. The smallest budget is {plan.smallest}."
    )
    return plan.config


def _warn_of_last_size(config: TrainConfig) -> None:
    from fer_edge.types import FACE_SIZE

    last = config.image_size(config.epochs - 1)
    if last != FACE_SIZE:
        console.print_warning(
            f"The recipe ends on faces of {last} pixels, but its network is measured, and runs, on {FACE_SIZE}: let "
            f"'image_sizes' end at {FACE_SIZE}, or plan more epochs."
        )


def _train_and_report(
    config: TrainConfig, splits: dict[str, LabelledImages], votes: Votes | None, run: RunFolder, *, again: str
) -> None:
    """Train and write the report; when stopped, say what is kept, what is lost, and how to go on: by `again`."""
    from fer_edge.output import tables
    from fer_edge.output.charts import draw_run
    from fer_edge.train.finish import finish_run
    from fer_edge.train.trainer import train as run_training

    progress = console.TrainingProgress(config.epochs)
    try:
        with progress:
            network = run_training(config, splits["train"], run, progress, votes)
        evaluations = finish_run(config, splits, run, network, votes)
    except (KeyboardInterrupt, SystemExit):
        if run.recipe.exists():
            console.print_note(f"{progress.lost()} Continue with: {again}")
        raise
    draw_run(run, evaluations, config.model)
    for name, evaluation in evaluations.items():
        tables.print_evaluation(name, evaluation)
    console.print_line(f"Wrote {run.model} and its report beside it.")
