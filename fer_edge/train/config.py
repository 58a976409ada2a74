"""Training recipes: TOML in, a checked `TrainConfig` out."""

from __future__ import annotations

import dataclasses
import itertools
import tomllib
import typing
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from fer_edge.errors import RecipeError
from fer_edge.recipe_fields import coerce_field

Optimizer = Literal["sgd", "adam"]
Schedule = Literal["one_cycle", "plateau"]
Labels = Literal["fer", "ferplus", "blend", "posterior"]
Precision = Literal["float32", "bfloat16"]
TeacherSees = Literal["batches", "images"]


@dataclass(frozen=True)
class TrainConfig:
    """One training recipe, resolved. The shipped TOML files explain the fields."""

    model: str
    widths: list[int]
    blocks: list[int]
    dropout: list[float]
    epochs: int
    batch_size: int
    image_sizes: list[list[float]]
    optimizer: Optimizer
    learning_rate: float
    weight_decay: float
    schedule: Schedule
    label_smoothing: float
    average_decay: float
    rotation_degrees: float
    horizontal_flip: bool
    zoom: list[float]
    brightness: float
    translation: float
    erasing: float
    holdout: float
    seed: int
    jit_compile: bool
    precision: Precision = "float32"
    initial: list[str] = dataclasses.field(default_factory=list)
    stem: list[int] = dataclasses.field(default_factory=list)
    labels: Labels = "fer"
    votes_weight: float = 0.5
    teacher: list[str] = dataclasses.field(default_factory=list)
    teacher_weight: float = 0.0
    teacher_sees: TeacherSees = "batches"
    mixup: float = 0.0
    balance: float = 0.0
    warmup: float = 0.0
    restarts: list[int] = dataclasses.field(default_factory=list)
    plateau_patience: int = 0
    plateau_factor: float = 1.0
    early_stopping_patience: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            _require(getattr(self, name) >= 1, name, "at least 1", getattr(self, name))
        _require(self.learning_rate > 0, "learning_rate", "more than 0", self.learning_rate)
        for name, choices in (
            ("optimizer", Optimizer),
            ("schedule", Schedule),
            ("labels", Labels),
            ("precision", Precision),
            ("teacher_sees", TeacherSees),
        ):
            allowed = typing.get_args(choices)
            _require(getattr(self, name) in allowed, name, " or ".join(allowed), getattr(self, name))
        for name in (
            "label_smoothing",
            "average_decay",
            "holdout",
            "erasing",
            "brightness",
            "translation",
            "warmup",
            "mixup",
            "balance",
        ):
            _require(0 <= getattr(self, name) < 1, name, "from 0 to below 1", getattr(self, name))
        weight_fits = 0 < self.teacher_weight <= 1 if self.teacher else self.teacher_weight == 0
        _require(weight_fits, "teacher_weight", "0 without a teacher, else up to 1", self.teacher_weight)
        _require(0 < self.votes_weight <= 1, "votes_weight", "more than 0, up to 1", self.votes_weight)
        _require(not (self.jit_compile and self.precision == "bfloat16"), "jit_compile", "false with bfloat16", True)
        for rate in self.dropout:
            _require(0 <= rate < 1, "dropout", "from 0 to below 1", rate)
        _require(len(self.zoom) == 2 and 0 < self.zoom[0] <= self.zoom[1], "zoom", "[low, high]", self.zoom)
        starts = [entry[0] for entry in self.image_sizes]
        _require(
            bool(starts) and starts[0] == 0 and starts == sorted(starts) and all(len(e) == 2 for e in self.image_sizes),
            "image_sizes",
            "[[0.0, pixels], [later share, pixels], ...]",
            self.image_sizes,
        )
        _require(
            [0, *self.restarts, self.epochs] == sorted({0, *self.restarts, self.epochs}),
            "restarts",
            "rising epochs between 0 and 'epochs'",
            self.restarts,
        )
        if self.schedule == "plateau" or self.early_stopping_patience:
            _require(self.holdout > 0, "holdout", "more than 0 (it is monitored)", self.holdout)
            _require(self.average_decay == 0, "average_decay", "0 with plateau or early stopping", self.average_decay)

    def image_size(self, epoch: int) -> int:
        """Return the edge length in pixels of the training images in `epoch` (from 0).

        A cycle that extends a run trains at the last size throughout.
        """
        start, end = self.cycle(epoch)
        share = epoch / end if start == 0 else 1.0
        return next(int(size) for begin, size in reversed(self.image_sizes) if share >= begin)

    def cycle(self, epoch: int) -> tuple[int, int]:
        """Return (first epoch, end) of the learning-rate cycle that `epoch` lies in."""
        bounds = [0, *self.restarts, self.epochs]
        return next((start, end) for start, end in itertools.pairwise(bounds) if epoch < end)


def _require(holds: bool, name: str, expected: str, got: object) -> None:
    if not holds:
        raise RecipeError(f"Recipe field '{name}': expected {expected}, got {got}.")


def recipe_names() -> list[str]:
    """Return the names of the recipes that ship with fer-edge."""
    folder = resources.files("fer_edge.train") / "recipes"
    return sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))


def load_recipe(name_or_path: str, overrides: dict[str, Any] | None = None) -> TrainConfig:
    """Return the shipped recipe of that name, or the one in a TOML file, with fields replaced.

    Raises:
        RecipeError: no such recipe, a field is unknown, missing, or of the wrong type.
    """
    fields = _read_toml(name_or_path)
    fields.update(overrides or {})
    return config_from(fields, name_or_path)


def config_from(fields: dict[str, Any], origin: str) -> TrainConfig:
    """Return the `TrainConfig` of these fields, each checked for name and type."""
    known = {field.name: field for field in dataclasses.fields(TrainConfig)}
    for name in fields:
        if name not in known:
            raise RecipeError(f"{origin}: unknown field '{name}'; expected one of {', '.join(known)}.")
    hints = typing.get_type_hints(TrainConfig)
    for name, field in known.items():
        if name not in fields:
            if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                raise RecipeError(f"{origin}: the field '{name}' is missing.")
            continue
        fields[name] = coerce_field(fields[name], hints[name], name)
    return TrainConfig(**fields)


def _read_toml(name_or_path: str) -> dict[str, Any]:
    if name_or_path in recipe_names():
        text = (resources.files("fer_edge.train") / "recipes" / f"{name_or_path}.toml").read_text("utf-8")
    elif Path(name_or_path).is_file():
        text = Path(name_or_path).read_text("utf-8")
    else:
        raise RecipeError(
            f"Expected a recipe name ({', '.join(recipe_names())}) or a .toml file, got '{name_or_path}'."
        )
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{name_or_path} is not valid TOML: {error}.") from error
