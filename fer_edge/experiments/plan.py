"""A file of experiments: TOML in, checked trials out, before anything is trained."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from fer_edge.decode import DecodeError, Range, decode_fields
from fer_edge.errors import RecipeError
from fer_edge.experiments.trial_run import Trial
from fer_edge.toml import read_toml
from fer_edge.train.config import TrainConfig, load_recipe, recipe_names
from fer_edge.train.run import RunFolder

BASELINE = "baseline"
"""What the recipe is called that nothing but `shared` changes."""

MAX_TRIALS = 1000
FOR_ALL = ("seed", "holdout")
"""What trials must have in common to be compared on the same images, so that no choice may change it."""


@dataclass(frozen=True)
class Plan:
    """What a file of experiments says.

    Attributes:
        recipe: the recipe that all trials start from.
        seeds: of the trials; each choice is trained with each. Empty for the recipe's own.
        shared: fields that all trials override.
        choices: name -> the fields that this choice overrides, too.
        teachers: name of a set -> its finished runs or .keras files; each set is a choice of its own.
        teacher_weight: of the sets; None for that of the recipe.
    """

    recipe: str
    seeds: list[Annotated[int, Range(0, 2**32 - 1)]] = field(default_factory=list)
    shared: dict[str, Any] = field(default_factory=dict)
    choices: dict[str, dict[str, Any]] = field(default_factory=dict)
    teachers: dict[str, list[str]] = field(default_factory=dict)
    teacher_weight: float | None = None


def read_plan(path: Path) -> Plan:
    """Return the plan in a TOML file; a recipe of its own is looked for beside it.

    Raises:
        RecipeError: the file cannot be read, or holds no plan.
    """
    try:
        plan = Plan(**decode_fields(read_toml(path), Plan, strict=True))
    except DecodeError as error:
        raise RecipeError(f"{path}: the field {error}.") from error
    if not plan.choices and not plan.teachers:
        raise RecipeError(f"{path}: expected something to compare, in the table [choices] or [teachers].")
    names = [BASELINE, *plan.choices, *plan.teachers]
    for name in _repeated(names):
        raise RecipeError(f"{path}: '{name}' names two things to compare: choose another name.")
    for seed in _repeated(plan.seeds):
        raise RecipeError(f"{path}: the seed {seed} is listed twice: choose another.")
    recipe = plan.recipe if plan.recipe in recipe_names() else str(path.parent / plan.recipe)
    return replace(plan, recipe=recipe)


def make_trials(plan: Plan, origin: Path, out: Path) -> list[Trial]:
    """Return the trials, the baseline's first, seed by seed; each has been checked as `fer-edge train` would.

    Args:
        plan: as `read_plan` gave it.
        origin: its file, for errors.
        out: the folder of the trials.

    Raises:
        RecipeError: a choice is no recipe, changes what all must share, or names a teacher that is missing.
    """
    sets = {name: _taught(sources, plan.teacher_weight) for name, sources in plan.teachers.items()}
    choices = {BASELINE: {}, **plan.choices, **sets}
    count = len(choices) * max(1, len(plan.seeds))
    if count > MAX_TRIALS:
        raise RecipeError(f"{origin} asks for {count:,} trials; expected at most {MAX_TRIALS:,}: split it up.")
    trials = []
    seeds: list[int | None] = [*plan.seeds] or [None]
    for seed in seeds:
        for name, fields in choices.items():
            config = _config(plan, name, fields, seed, origin)
            run = RunFolder(out / f"{_file_name(name)}-seed{config.seed}")
            run.require_sources(config)
            trials.append(Trial(name, config, run))
    for folder in _repeated([str(trial.run.path).casefold() for trial in trials]):
        raise RecipeError(f"{origin}: two choices would both be trained in {folder}: give one another name.")
    return trials


def _config(plan: Plan, name: str, fields: dict[str, Any], seed: int | None, origin: Path) -> TrainConfig:
    """Return the recipe of one trial."""
    for forbidden in FOR_ALL:
        if forbidden in fields:
            remedy = "list them in 'seeds'" if forbidden == "seed" else "put it into [shared]"
            raise RecipeError(
                f"{origin}: the choice '{name}' may not change '{forbidden}', or it has no pair: {remedy}."
            )
    try:
        config = load_recipe(plan.recipe, {**plan.shared, **fields, **({} if seed is None else {"seed": seed})})
    except RecipeError as error:
        raise RecipeError(f"{origin}, choice '{name}': {error}") from error
    if not config.holdout:
        raise RecipeError(f"{origin}: the trials need held-out images to be compared on: set 'holdout' in [shared].")
    return config


def _taught(sources: list[str], weight: float | None) -> dict[str, Any]:
    """Return the fields of a set of teachers; an empty one takes those of the recipe away."""
    if not sources:
        return {"teacher": [], "teacher_weight": 0.0}
    return {"teacher": sources} if weight is None else {"teacher": sources, "teacher_weight": weight}


def _file_name(choice: str) -> str:
    """Return a choice's name as that of a folder, whatever it holds."""
    return re.sub(r"[^\w.=+-]+", "_", choice).strip("._-")[:60] or "_"


def _repeated(values: list[Any]) -> list[Any]:
    return [value for value, count in Counter(values).items() if count > 1]
