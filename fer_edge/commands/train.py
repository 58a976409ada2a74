"""`fer-edge train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_edge import console, tables
from fer_edge.commands.shared import load_tensorflow, read_fer2013
from fer_edge.errors import DataError, OutputError, RecipeError
from fer_edge.files import require_writable_folder

if TYPE_CHECKING:
    from fer_edge.train.config import TrainConfig
    from fer_edge.train.run import RunFolder
    from fer_edge.types import LabelledImages
    from fer_edge.votes import Votes


def train(
    recipe: str | None,
    *,
    data: str | None,
    votes: Path | None,
    out: Path | None,
    resume: Path | None,
    time_budget: str | None,
    named: dict[str, Any],
    overrides: list[str],
) -> None:
    """Train a recipe in a new run folder, or go on in an old one."""
    from fer_edge.train.run import RunFolder
    from fer_edge.votes import read_votes

    if (recipe is None) == (resume is None):
        raise RecipeError("Expected either a recipe to start or --resume RUN to go on; see 'fer-edge train --help'.")
    if resume is not None:
        if named or overrides or out:
            raise RecipeError(
                "--resume goes on with the run's own recipe; leave out --out, --set and the other overrides."
            )
        run = RunFolder(resume)
        config = run.read_recipe()
    else:
        from fer_edge.recipe_fields import parse_override
        from fer_edge.train.config import load_recipe

        assert recipe is not None
        config = load_recipe(recipe, {**dict(parse_override(text) for text in overrides), **named})
        run = RunFolder(out or Path("runs") / Path(recipe).stem)
        _require_new_run(run)
    shares = read_votes(votes) if votes else None
    splits = read_fer2013(data)
    if "train" not in splits:
        raise DataError(f"Training needs the split 'train'; this copy of FER2013 has only {', '.join(splits)}.")
    require_writable_folder(run.path)
    load_tensorflow()
    if time_budget:
        config = _plan(config, splits["train"], run, time_budget, resumed=resume is not None)
    _train_and_report(config, splits, shares, run)


def _require_new_run(run: RunFolder) -> None:
    """Check that the run folder holds no run yet, so that none is ever overwritten."""
    if run.recipe.exists():
        raise OutputError(f"{run.path} holds a run already. Go on with --resume {run.path}, or choose another --out.")


def _plan(
    config: TrainConfig, images: LabelledImages, run: RunFolder, time_budget: str, *, resumed: bool
) -> TrainConfig:
    """Return the recipe with the epochs that fit into the time; a finished run gets another cycle."""
    from fer_edge.train.budget import extend, fit_epochs, parse_duration

    seconds = parse_duration(time_budget)
    planned = extend(config, run, seconds) if resumed else fit_epochs(config, images, seconds)
    if resumed and planned == config:
        console.print_note("The run is not finished: its own schedule comes first. Repeat --time-budget afterwards.")
    else:
        console.print_note(f"{planned.epochs} epochs are planned to fit into {time_budget}.")
    return planned


def _train_and_report(
    config: TrainConfig, splits: dict[str, LabelledImages], votes: Votes | None, run: RunFolder
) -> None:
    run.write_recipe(config)
    from fer_edge.train.finish import finish_run
    from fer_edge.train.trainer import train as run_training

    try:
        with console.TrainingProgress(config.epochs) as progress:
            network = run_training(config, splits["train"], run, progress, votes)
    except KeyboardInterrupt:
        console.print_note(f"Go on with: fer-edge train --resume {run.path}")
        raise
    for name, evaluation in finish_run(config, splits, run, network, votes).items():
        tables.print_evaluation(name, evaluation)
    console.OUT.print(f"Wrote {run.model} and its report beside it.", highlight=False)
