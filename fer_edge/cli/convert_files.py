"""`fer-edge convert`: the files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.cli.convert_inputs import choose_recipes, open_inputs
from fer_edge.cli.convert_request import ConvertRequest
from fer_edge.cli.shared import require_network
from fer_edge.convert.outcome import Outcome
from fer_edge.files import require_free, require_space, require_writable_folder, write_all
from fer_edge.output import console, tables
from fer_edge.stopping import leaving_nothing_behind

if TYPE_CHECKING:
    from fer_edge.convert.converter import Conversion
    from fer_edge.convert.recipes import ConversionRecipe

TEXT_PER_BYTE = 6
"""Characters of a byte in C source."""


def convert_files(request: ConvertRequest, *, steps: console.Steps | None = None, report: bool = True) -> list[Outcome]:
    """Convert one Keras model by each recipe and compare the files with it; return what was written.

    Args:
        request: what the user asked for.
        steps: keeps the time of each step.
        report: print what came of it.
    """
    steps = steps or console.Steps()
    recipes = choose_recipes(request.recipes, request)
    _check_outputs(request, recipes)
    with leaving_nothing_behind():
        conversions = _run(request, recipes, steps)
        finished = [
            _finish(conversion, recipe, request, steps) for recipe, conversion in zip(recipes, conversions, strict=True)
        ]
    outcomes = [outcome for outcome, _ in finished]
    for passed in (False, True):  # what failed is kept under a name of its own, which may be taken
        contents = {path: content for outcome, files in finished if outcome.passed == passed for path, content in files}
        write_all(contents, force=request.force or not passed)
    if report:
        _report(outcomes, request)
        steps.print_split()
    return outcomes


def _check_outputs(request: ConvertRequest, recipes: list[ConversionRecipe]) -> None:
    """Check, before long work starts, that its results can be written."""
    require_network(request.model, request.architecture)
    require_writable_folder(request.folder)
    for recipe in recipes:
        for target in (request.file(recipe.name), *request.sources(recipe), *request.c_files(recipe)):
            require_free(target, force=request.force)
    size = _size(request.model)
    require_space(request.folder, len(recipes) * size * (TEXT_PER_BYTE if request.c_array else 1))
    require_space(Path(tempfile.gettempdir()), 2 * size)  # TensorFlow's converter keeps a copy of the network there
    if request.key is not None:
        from fer_edge.modelfile.signing import read_private_key

        read_private_key(request.key)


def _run(request: ConvertRequest, recipes: list[ConversionRecipe], steps: console.Steps) -> list[Conversion]:
    """Return all conversions, none of them written yet: an error leaves no half of a set behind."""
    found = open_inputs(request, calibrates=any(recipe.integer for recipe in recipes), steps=steps)
    from fer_edge.convert.converter import Converter

    draws = {recipe.name: found.source.calibration(recipe) for recipe in recipes if recipe.integer}
    held_out = found.source.held_out(list(draws.values()), request.fidelity_size)
    converter = Converter(found.model, held_out=held_out, step=steps.step)
    return [converter.convert(recipe, calibration=draws.get(recipe.name)) for recipe in recipes]


def _finish(
    conversion: Conversion, recipe: ConversionRecipe, request: ConvertRequest, steps: console.Steps
) -> tuple[Outcome, list[tuple[Path, bytes | str]]]:
    """Return what came of one recipe, and the files to write: the model, signed and as C source if wanted.

    One that lost too much is kept under another name, and never signed: a signature would let it into a fleet.
    """
    from fer_edge.convert.fidelity import exceeds

    content = conversion.content
    passed = conversion.fidelity is None or not exceeds(conversion.fidelity, request.max_drop, request.min_agreement)
    path = request.file(recipe.name) if passed else request.failed_file(recipe.name)
    if request.key is not None and passed:
        from fer_edge.modelfile.signing import sign_file

        content = sign_file(content, request.key)
    sources = _sources(content, recipe, request) if passed else {}
    done = {title.removeprefix(f"{recipe.name}: "): seconds for title, seconds in steps.seconds.items()}
    seconds: dict[str, float] = {title: done[title] for title in ("convert", "compare") if title in done}
    outcome = Outcome(
        path, recipe.name, len(content), conversion.fidelity, passed, conversion.notes, seconds, tuple(sources)
    )
    return outcome, [(path, content), *sources.items()]


def _sources(content: bytes, recipe: ConversionRecipe, request: ConvertRequest) -> dict[Path, str]:
    """Return path -> text of the C that goes beside a file."""
    from fer_edge.cli.c import make_c
    from fer_edge.cli.c_array import make_array

    sources: dict[Path, str] = {}
    if targets := request.sources(recipe):
        sources |= zip(targets, make_array(content, str(request.file(recipe.name)), targets[0]), strict=True)
    if targets := request.c_files(recipe):
        c = make_c(content, str(request.file(recipe.name)), "fer_edge")
        sources |= zip(targets, (c.source, c.header), strict=True)
    return sources


def _size(model: Path) -> int:
    """Return the bytes of a file, or of all files of a folder."""
    files = [file for file in model.rglob("*") if file.is_file()] if model.is_dir() else [model]
    return sum(file.stat().st_size for file in files)


def _report(outcomes: list[Outcome], request: ConvertRequest) -> None:
    if request.as_json:
        console.print_json([tables.outcome_as_json(outcome) for outcome in outcomes])
    else:
        tables.print_outcomes(outcomes)
    for note in dict.fromkeys(note for outcome in outcomes for note in outcome.notes):
        console.print_warning(note)
    for outcome in outcomes:
        if not outcome.passed:
            console.print_error(_failure(outcome, request))
    passed = [outcome for outcome in outcomes if outcome.passed]
    if passed and not request.as_json:
        console.print_line("It runs with:")
        console.print_line("  from fer_edge.runtime import EmotionClassifier, read_picture")
        console.print_line(f'  classifier = EmotionClassifier("{passed[-1].path}")')
        console.print_line('  print(classifier.predict(read_picture("face.jpg")).label)')


def _failure(outcome: Outcome, request: ConvertRequest) -> str:
    assert outcome.fidelity is not None
    lost = f"lost more accuracy than --max-drop {request.max_drop} points"
    if outcome.fidelity.labelled is None:
        lost = (
            f"answers like Keras to {outcome.fidelity.near_agreement:.1%} of the images, less than "
            f"--min-agreement {request.min_agreement:g}"
        )
    return (
        f"{outcome.recipe} {lost}. The file is kept as {outcome.path}, unsigned; try float16, or a recipe file with "
        'statistic = "percentile"; --debug shows where it comes from.'
    )
