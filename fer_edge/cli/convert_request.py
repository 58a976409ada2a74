"""What a user asks of `fer-edge convert`: every option, by the name of its parameter."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.errors import RecipeError

if TYPE_CHECKING:
    from fer_edge.convert.recipes import ConversionRecipe


@dataclass(frozen=True)
class ConvertRequest:
    """The options of `fer-edge convert`.

    Attributes:
        model: the Keras file, or the folder of a SavedModel.
        to: names of recipes, or recipe files; empty for float16, dynamic and int8; "c" for int8 and the network as C.
        data: FER2013, or the name of the public faces; None for where it is usually kept.
        images: a folder of pictures in place of FER2013.
        out: the folder to write to; None for the model's own.
        calibration_size: images for the integer recipes; None for what they say.
        seed: of the calibration draw; None for what the recipes say.
        fidelity_size: how many images to compare on at most.
        labels: the class names in the order of the outputs, or a file of them; see `emotions.read_labels`.
        input_range: what the network takes for black and white, such as "-1,1".
        colour: the order of its channels.
        architecture: the network of a file of weights alone; see `kerasfile.load.open_keras`.
        max_drop: accuracy in points that a file may lose.
        min_agreement: share of answers like Keras's, 0..1, where there are no labels.
        key: an Ed25519 key to sign the files with.
        c_array: whether C sources go beside them.
        sweep_sizes: numbers of calibration images to compare, such as "50,100"; None to write files.
        seeds: draws of each size.
        chart: where the sweep is drawn.
        debug: show where the error of an integer model comes from, and write nothing.
        force: whether existing files are replaced.
        as_json: print JSON for programs.
    """

    model: Path
    to: tuple[str, ...] = ()
    data: str | None = None
    images: Path | None = None
    out: Path | None = None
    calibration_size: int | None = None
    seed: int | None = None
    fidelity_size: int | None = None
    labels: str | None = None
    input_range: str | None = None
    colour: str | None = None
    architecture: str | None = None
    max_drop: float = 1.0
    min_agreement: float = 0.9
    key: Path | None = None
    c_array: bool = False
    sweep_sizes: str | None = None
    seeds: int = 3
    chart: Path | None = None
    debug: bool = False
    force: bool = False
    as_json: bool = False

    @property
    def folder(self) -> Path:
        """Return where the files go."""
        return self.out or self.model.parent

    @property
    def recipes(self) -> tuple[str, ...]:
        """Return the recipes to convert by."""
        named = ("int8" if name == "c" else name for name in self.to)
        return tuple(named) or ("float16", "dynamic", "int8")

    def one_recipe(self) -> str:
        """Return the recipe that a sweep or --debug is about: int8, or the one named.

        Raises:
            RecipeError: several are named.
        """
        if len(self.to) > 1:
            raise RecipeError(
                f"Expected one recipe with --sweep-calibration or --debug, got --to {' --to '.join(self.to)}."
            )
        return self.to[0] if self.to else "int8"

    def file(self, recipe: str) -> Path:
        """Return the path of a recipe's file."""
        return self.folder / f"{self.model.stem}.{recipe}.tflite"

    def failed_file(self, recipe: str) -> Path:
        """Return the path of a file that lost too much accuracy."""
        return self.folder / f"{self.model.stem}.{recipe}.failed.tflite"

    def sources(self, recipe: ConversionRecipe) -> tuple[Path, ...]:
        """Return the paths of the C array and what goes with it, none where they are not wanted.

        No microcontroller's runtime takes float models.
        """
        if not (self.c_array and recipe.integer):
            return ()
        from fer_edge.cli.c_array import array_targets

        stem = f"{self.model.stem}.{recipe.name}".replace(".", "_")
        return array_targets(self.folder / f"{stem}.c")

    def c_files(self, recipe: ConversionRecipe) -> tuple[Path, ...]:
        """Return the paths of the network as C with its header, which `--to c` asks for of the int8 file."""
        if "c" not in self.to or recipe.name != "int8":
            return ()
        from fer_edge.cli.c import c_targets

        return c_targets(self.folder / f"{self.model.stem}_c", "fer_edge")
