"""`fer-edge convert`."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge import console, tables
from fer_edge.commands.convert_inputs import InputOptions, choose_recipes, open_inputs
from fer_edge.commands.shared import leaving_nothing_behind, require_file
from fer_edge.files import require_free, require_space, require_writable_folder, write_bytes, write_text

if TYPE_CHECKING:
    from fer_edge.convert.converter import Conversion
    from fer_edge.convert.recipes import ConversionRecipe
    from fer_edge.convert.verify import Verification

TEXT_PER_BYTE = 6
"""Characters of a byte in C source."""


@dataclass(frozen=True)
class Outcome:
    """One file that a conversion wrote.

    Attributes:
        path: where it lies; a failed one has "failed" in its name.
        recipe: what it was made by.
        size_bytes: of the file.
        verification: None when there were no held-out images.
        passed: whether the drop stayed within the limit.
        notes: what is peculiar about the file, in sentences.
        seconds: "convert" and "verify" -> how long they took.
        sources: the C files beside it.
    """

    path: Path
    recipe: str
    size_bytes: int
    verification: Verification | None
    passed: bool
    notes: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    sources: tuple[Path, ...] = ()


@dataclass(frozen=True)
class OutputOptions:
    """Where files go and in which forms.

    Attributes:
        folder: to write to.
        stem: what their names begin with.
        force: whether existing ones are replaced.
        key: to sign them with.
        c_array: whether C sources go beside them.
    """

    folder: Path
    stem: str
    force: bool
    key: Path | None
    c_array: bool

    def model(self, recipe: str) -> Path:
        """Return the path of a recipe's file."""
        return self.folder / f"{self.stem}.{recipe}.tflite"

    def sources(self, recipe: str) -> tuple[Path, ...]:
        """Return the paths of its C source and header, none where they are not wanted."""
        stem = f"{self.stem}.{recipe}".replace(".", "_")
        return tuple(self.folder / f"{stem}{suffix}" for suffix in (".c", ".h")) if self.c_array else ()


def convert(
    model: Path,
    *,
    recipe_names: list[str],
    data: str | None,
    out: Path | None,
    calibration_size: int | None,
    seed: int | None,
    max_drop: float,
    force: bool,
    as_json: bool,
    inputs: InputOptions | None = None,
    key: Path | None = None,
    c_array: bool = False,
    steps: console.Steps | None = None,
) -> list[Outcome]:
    """Convert one Keras model by each recipe and verify the files; return what was written.

    `inputs` holds the other choices of images, with `data` among them, and what the user knows of the
    network; `steps` keeps the time of each step.
    """
    steps = steps or console.Steps()
    recipes = choose_recipes(recipe_names, calibration_size, seed)
    output = OutputOptions(out or model.parent, model.stem, force, key, c_array)
    _check_outputs(model, recipes, output)
    with leaving_nothing_behind():
        conversions = _run(model, recipes, inputs or InputOptions(data=data), steps)
        outcomes = [
            _write(conversion, recipe, output, max_drop, steps)
            for recipe, conversion in zip(recipes, conversions, strict=True)
        ]
    _report(outcomes, max_drop, as_json=as_json)
    steps.print_split()
    return outcomes


def _check_outputs(model: Path, recipes: list[ConversionRecipe], output: OutputOptions) -> None:
    """Check, before long work starts, that its results can be written."""
    require_file(model)
    require_writable_folder(output.folder)
    for recipe in recipes:
        for target in (output.model(recipe.name), *output.sources(recipe.name)):
            require_free(target, force=output.force)
    size = model.stat().st_size
    require_space(output.folder, len(recipes) * size * (TEXT_PER_BYTE if output.c_array else 1))
    require_space(Path(tempfile.gettempdir()), 2 * size)  # TensorFlow's converter keeps a copy of the network there
    if output.key is not None:
        from fer_edge.convert.signing import read_private_key

        read_private_key(output.key)


def _run(model: Path, recipes: list[ConversionRecipe], options: InputOptions, steps: console.Steps) -> list[Conversion]:
    """Return all conversions, none of them written yet: an error leaves no half of a set behind."""
    found = open_inputs(model, options, calibrates=any(recipe.integer for recipe in recipes), steps=steps)
    from fer_edge.convert.converter import Converter

    draws = {recipe.name: found.source.calibration(recipe) for recipe in recipes if recipe.integer}
    held_out = found.source.held_out(list(draws.values()), options.verification_size)
    converter = Converter(found.model, verification=held_out, step=steps.step)
    return [converter.convert(recipe, calibration=draws.get(recipe.name)) for recipe in recipes]


def _write(
    conversion: Conversion, recipe: ConversionRecipe, output: OutputOptions, max_drop: float, steps: console.Steps
) -> Outcome:
    """Write one file, signed and as C source if wanted.

    One that lost too much is kept under another name, and never signed: a signature would let it into a fleet.
    """
    from fer_edge.convert.verify import exceeds

    content, target = conversion.content, output.model(recipe.name)
    passed = conversion.verification is None or not exceeds(conversion.verification, max_drop)
    path = target if passed else target.with_name(f"{output.stem}.{recipe.name}.failed.tflite")
    if output.key is not None and passed:
        from fer_edge.convert.signing import sign_file

        content = sign_file(content, output.key)
    write_bytes(path, content, force=output.force or not passed)
    sources = output.sources(recipe.name) if passed else ()
    if sources:
        _write_sources(content, sources, force=output.force)
    done = {title.removeprefix(f"{recipe.name}: "): seconds for title, seconds in steps.seconds.items()}
    seconds: dict[str, float] = {title: done[title] for title in ("convert", "verify") if title in done}
    return Outcome(path, recipe.name, len(content), conversion.verification, passed, conversion.notes, seconds, sources)


def _write_sources(content: bytes, paths: tuple[Path, ...], *, force: bool) -> None:
    from fer_edge.convert.c_array import to_c_array
    from fer_edge.convert.metadata import check_file

    source, header = paths
    array = to_c_array(check_file(content), source.stem)
    write_text(header, array.header, force=force)
    write_text(source, array.source, force=force)


def _report(outcomes: list[Outcome], max_drop: float, *, as_json: bool) -> None:
    if as_json:
        console.print_json([tables.outcome_as_json(outcome) for outcome in outcomes])
    else:
        tables.print_outcomes(outcomes)
    for note in dict.fromkeys(note for outcome in outcomes for note in outcome.notes):
        console.print_warning(note)
    for outcome in outcomes:
        if not outcome.passed:
            console.print_error(
                f"{outcome.recipe} lost more accuracy than --max-drop {max_drop} points. The file is kept as "
                f'{outcome.path}, unsigned; try float16, or a recipe file with statistic = "percentile"; --debug shows '
                "where it comes from."
            )
