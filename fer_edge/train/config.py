"""Training recipes: TOML in, a checked `TrainConfig` out.

A recipe file may name another as its `base`, and then says only what differs.
"""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from fer_edge.decode import DecodeError, Range, decode_fields, show
from fer_edge.errors import RecipeError
from fer_edge.toml import parse_toml, read_toml

Share = Annotated[float, Range(0, 1, below=True)]
Weight = Annotated[float, Range(0, 1)]
Count = Annotated[int, Range(0, 100_000)]
Number = Annotated[int, Range(1, 100_000)]
Width = Annotated[int, Range(1, 4096)]
Optimizer = Literal["sgd", "adam"]
Schedule = Literal["one_cycle", "plateau"]
Labels = Literal["fer", "ferplus", "blend", "posterior"]
Precision = Literal["float32", "bfloat16"]
Interpolation = Literal["linear", "cubic"]
TeacherSees = Literal["batches", "images"]

SHAPE = ("widths", "blocks", "dropout", "stem")
"""The fields that describe one network and no other."""

MAX_BASES = 8
"""A chain of bases that is longer leads in a circle."""


@dataclass(frozen=True)
class TrainConfig:
    """One training recipe, resolved. The shipped TOML files explain the fields."""

    model: str
    widths: list[Width]
    blocks: list[Annotated[int, Range(0, 100)]]
    dropout: list[Share]
    epochs: Number
    batch_size: Number
    image_sizes: list[list[Annotated[float, Range(0, 1024)]]]
    optimizer: Optimizer
    learning_rate: Annotated[float, Range(0, 100, above=True)]
    weight_decay: Weight
    schedule: Schedule
    label_smoothing: Share
    average_decay: Share
    rotation_degrees: Annotated[float, Range(0, 180)]
    horizontal_flip: bool
    zoom: list[Annotated[float, Range(0, 10, above=True)]]
    brightness: Share
    translation: Share
    erasing: Share
    holdout: Share
    seed: Annotated[int, Range(0, 2**32 - 1)]
    jit_compile: bool
    precision: Precision = "float32"
    initial: list[str] = dataclasses.field(default_factory=list)
    stem: list[Width] = dataclasses.field(default_factory=list)
    labels: Labels = "fer"
    votes_weight: Annotated[float, Range(0, 1, above=True)] = 0.5
    teacher: list[str] = dataclasses.field(default_factory=list)
    teacher_weight: Weight = 0.0
    teacher_sees: TeacherSees = "batches"
    mixup: Share = 0.0
    clean: Weight = 0.0
    interpolation: Interpolation = "linear"
    clean_batch_norm: bool = True
    balance: Share = 0.0
    warmup: Share = 0.0
    restarts: list[Number] = dataclasses.field(default_factory=list)
    plateau_patience: Count = 0
    plateau_factor: Annotated[float, Range(0, 1, above=True)] = 1.0
    plateau_min_delta: Weight = 1e-4
    early_stopping_patience: Count = 0

    def __post_init__(self) -> None:
        """Check what the fields must be together; `config_from` has checked each by itself."""
        _require(
            (self.teacher_weight > 0) == bool(self.teacher),
            "teacher_weight",
            "0 without a teacher, else more than 0",
            self.teacher_weight,
        )
        _require(not (self.jit_compile and self.precision == "bfloat16"), "jit_compile", "false with bfloat16", True)
        _require(len(self.zoom) == 2 and self.zoom[0] <= self.zoom[1], "zoom", "[low, high]", self.zoom)
        self._check_image_sizes()
        _require(
            [0, *self.restarts, self.epochs] == sorted({0, *self.restarts, self.epochs}),
            "restarts",
            "rising epochs between 0 and 'epochs'",
            self.restarts,
        )
        if self.schedule == "plateau" or self.early_stopping_patience:
            _require(self.holdout > 0, "holdout", "more than 0 (it is monitored)", self.holdout)
            _require(self.average_decay == 0, "average_decay", "0 with plateau or early stopping", self.average_decay)

    def _check_image_sizes(self) -> None:
        pairs = bool(self.image_sizes) and all(len(entry) == 2 for entry in self.image_sizes)
        starts = [entry[0] for entry in self.image_sizes] if pairs else []
        fits = pairs and starts[0] == 0 and starts == sorted(set(starts)) and starts[-1] < 1
        whole = fits and all(size >= 8 and size == int(size) for _, size in self.image_sizes)
        _require(
            whole, "image_sizes", "[[0.0, pixels], [later share, pixels], ...], at least 8 pixels", self.image_sizes
        )

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


def describe_recipes() -> dict[str, str]:
    """Return name -> the first line of each shipped recipe, which says in a few words what it is."""
    folder = resources.files("fer_edge.train") / "recipes"
    return {
        name: (folder / f"{name}.toml").read_text("utf-8").partition("\n")[0].lstrip("# ") for name in recipe_names()
    }


def recipe_names() -> list[str]:
    """Return the names of the recipes that ship with fer-edge."""
    folder = resources.files("fer_edge.train") / "recipes"
    return sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))


def load_recipe(name_or_path: str, overrides: dict[str, Any] | None = None) -> TrainConfig:
    """Return the shipped recipe of that name, or the one in a TOML file, with fields replaced.

    Raises:
        RecipeError: no such recipe or base, or `config_from` refuses its fields.
    """
    return config_from(_over(_read_fields(name_or_path), overrides or {}), name_or_path)


def config_from(fields: dict[str, Any], origin: str) -> TrainConfig:
    """Return the `TrainConfig` of these fields, each checked for name, type and range.

    Raises:
        RecipeError: a field is unknown, missing, of the wrong type, or out of its range.
    """
    try:
        return TrainConfig(**decode_fields(fields, TrainConfig, strict=True))
    except DecodeError as error:
        raise RecipeError(f"{origin}: the field {error}.") from error


def _read_fields(name_or_path: str, depth: int = 0) -> dict[str, Any]:
    """Return the fields of a recipe over those of its base; a path of a base starts at the recipe's own folder."""
    path = Path(name_or_path)
    if name_or_path in recipe_names():
        file = resources.files("fer_edge.train") / "recipes" / f"{name_or_path}.toml"
        fields = parse_toml(file.read_text("utf-8"), name_or_path)
    elif path.suffix == ".toml" or path.is_file():
        fields = read_toml(path)
    else:
        raise RecipeError(
            f"Expected a recipe name ({', '.join(recipe_names())}) or a .toml file, got '{name_or_path}'."
        )
    if "base" not in fields:
        return fields
    base = fields.pop("base")
    if not isinstance(base, str) or depth == MAX_BASES:
        expected = "the name of a recipe or of a .toml file" if depth < MAX_BASES else "no circle of bases"
        raise RecipeError(f"{path}: the field 'base' is {show(base)}, expected {expected}.")
    return _over(_read_fields(base if base in recipe_names() else str(path.parent / base), depth + 1), fields)


def _over(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return the base's fields with the changes; another network does not inherit what describes the base's."""
    if "model" in changes and changes["model"] != base.get("model"):
        base = {**base, **{name: [] for name in SHAPE if name in base}}
    return {**base, **changes}
