"""What each command does, from options to results. Heavy imports stay inside the functions."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_edge import console, dataset
from fer_edge.errors import DataError, FerEdgeError, ImageError, OutputError, RecipeError
from fer_edge.files import human_bytes, require_free, require_writable_folder, write_bytes, write_text
from fer_edge.quiet import silenced
from fer_edge.types import FACE_SIZE

if TYPE_CHECKING:
    from fer_edge.benchmarks.bench import BenchReport
    from fer_edge.convert.calibration import CalibrationSet
    from fer_edge.train.config import TrainConfig
    from fer_edge.train.run import RunFolder
    from fer_edge.types import LabelledImages

EVALUATION_SPLITS = ("public", "test", "private")


def train(
    recipe: str | None,
    *,
    data: str | None,
    votes: Path | None,
    out: Path | None,
    resume: Path | None,
    named: dict[str, Any],
    overrides: list[str],
) -> None:
    """Train a recipe in a new run folder, or go on in an old one."""
    from fer_edge.train.run import RunFolder

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
        from fer_edge.train.config import load_recipe, parse_override

        assert recipe is not None
        config = load_recipe(recipe, {**dict(parse_override(text) for text in overrides), **named})
        run = RunFolder(out or Path("runs") / Path(recipe).stem)
        require_new_run(run)
    splits = _read_fer2013(data)
    if "train" not in splits:
        raise DataError(f"Training needs the split 'train'; this copy of FER2013 has only {', '.join(splits)}.")
    require_writable_folder(run.path)
    _train_and_report(config, splits, votes, run)


def require_new_run(run: RunFolder) -> None:
    """Check that the run folder holds no run yet, so that none is ever overwritten."""
    if run.recipe.exists():
        raise OutputError(f"{run.path} holds a run already. Go on with --resume {run.path}, or choose another --out.")


def _train_and_report(
    config: TrainConfig, splits: dict[str, LabelledImages], votes: Path | None, run: RunFolder
) -> None:
    from fer_edge.train.labels import read_votes

    shares = read_votes(votes) if votes else None
    run.write_recipe(config)
    _load_tensorflow()
    from fer_edge.train.finish import finish_run
    from fer_edge.train.trainer import train as run_training

    try:
        with console.TrainingProgress(config.epochs) as progress:
            network = run_training(config, splits["train"], run, progress, shares)
    except KeyboardInterrupt:
        console.print_note(f"Go on with: fer-edge train --resume {run.path}")
        raise
    for name, values in finish_run(config, splits, run, network).items():
        low, high = values["accuracy_interval_95"]
        console.OUT.print(
            f"{name}: accuracy {values['accuracy']:.2%} (95 % interval {low:.2%} to {high:.2%}), "
            f"macro-F1 {values['macro_f1']:.3f}, {values['images']:,} images",
            highlight=False,
        )
    console.OUT.print(f"Wrote {run.model} and its report beside it.", highlight=False)


def convert(
    model: Path,
    *,
    recipe_names: list[str],
    data: str | None,
    out: Path | None,
    calibration_size: int | None,
    seed: int,
    force: bool,
    as_json: bool,
) -> list[Path]:
    """Convert one Keras model by each recipe; return the files written."""
    from fer_edge.convert.recipes import find_recipe

    recipes = [find_recipe(name) for name in dict.fromkeys(recipe_names)]
    folder = out or model.parent
    targets = [folder / f"{model.stem}.{recipe.name}.tflite" for recipe in recipes]
    for target in targets:
        require_free(target, force=force)
    calibration = None
    if any(recipe.integer for recipe in recipes):
        calibration = _calibration(data, calibration_size, seed)
    _load_tensorflow()
    from fer_edge.convert.converter import convert as convert_model
    from fer_edge.convert.keras_file import load_keras

    loaded = load_keras(model)
    require_writable_folder(folder)
    # All variants first, then the writing: an error leaves no half of a set behind.
    files = []
    for recipe in recipes:
        console.print_note(f"converting to {recipe.name}")
        files.append(convert_model(loaded, recipe, calibration=calibration))
    for target, content in zip(targets, files, strict=True):
        write_bytes(target, content)
    if as_json:
        console.print_json([{"file": str(t), "bytes": len(c)} for t, c in zip(targets, files, strict=True)])
    else:
        for target, content in zip(targets, files, strict=True):
            console.OUT.print(f"{target}  {human_bytes(len(content))}", highlight=False, soft_wrap=True)
    return targets


def _calibration(data: str | None, size: int | None, seed: int) -> CalibrationSet:
    from fer_edge.convert.calibration import DEFAULT_SIZE, public_calibration, select_calibration

    if data == dataset.PUBLIC_FACES:
        if size is not None:
            raise DataError(f"--calibration-size needs FER2013; '{dataset.PUBLIC_FACES}' is used whole.")
        return public_calibration()
    splits = _read_fer2013(data)
    if "train" not in splits:
        raise DataError(f"Calibration needs the split 'train'; this copy of FER2013 has only {', '.join(splits)}.")
    return select_calibration(splits, size=DEFAULT_SIZE if size is None else size, seed=seed)


def predict(
    images: list[Path], *, model: Path | None, cropped: bool, out: Path | None, force: bool, as_json: bool
) -> None:
    """Analyse pictures; print what was found, and write annotated copies if asked to.

    Raises:
        ImageError: a picture is unreadable, or no face was found in any.
    """
    from fer_edge.runtime import EmotionClassifier, FaceAnalyzer, WholePicture
    from fer_edge.runtime.annotate import annotate
    from fer_edge.runtime.preprocess import encode_picture, read_picture

    targets = _annotation_targets(images, out)
    for target in targets.values():
        require_free(target, force=force)
    results = []
    with EmotionClassifier(model) as classifier:
        analyzer = FaceAnalyzer(classifier, WholePicture() if cropped else None)
        for path in images:
            picture = read_picture(path)
            faces = analyzer.analyze(picture)
            results.append((path, faces))
            if path in targets:
                write_bytes(targets[path], encode_picture(annotate(picture, faces), targets[path].suffix))
    if as_json:
        console.print_json([console.faces_as_json(path, faces) for path, faces in results])
    else:
        console.print_faces(results)
    if not any(faces for _, faces in results):
        raise ImageError(
            f"No face was found. Expected frontal faces of at least {FACE_SIZE}x{FACE_SIZE} pixels; pass --cropped "
            "for pictures that are one face already."
        )


def _annotation_targets(images: list[Path], out: Path | None) -> dict[Path, Path]:
    """Return picture -> annotated file: `out` itself for one picture, else files in the folder `out`."""
    if out is None:
        return {}
    if len(images) == 1 and not out.is_dir():
        return {images[0]: out}
    targets = {path: out / path.name for path in images}
    if len(set(targets.values())) < len(targets):
        raise OutputError(f"Several pictures have the same name and would overwrite each other in {out}.")
    return targets


def bench(
    models: list[Path],
    *,
    baseline: Path | None,
    data: str | None,
    split: str | None,
    threads: str,
    samples: int,
    json_file: Path | None,
    force: bool,
) -> BenchReport:
    """Bench models, print the table, write the report if asked to."""
    from fer_edge.benchmarks.bench import run_bench

    if json_file is not None:
        require_free(json_file, force=force)
        require_writable_folder(json_file.parent)
    faces, name = _bench_faces(data, split)
    report = run_bench(
        models,
        baseline=baseline,
        faces=faces,
        faces_name=name,
        threads=_thread_counts(threads),
        samples=samples,
        notify=console.print_note,
    )
    console.print_report(report)
    if json_file is not None:
        write_text(json_file, json.dumps(report.as_json(), indent=1) + "\n")
        console.OUT.print(f"Report: {json_file}", highlight=False, soft_wrap=True)
    return report


def _bench_faces(data: str | None, split: str | None) -> tuple[LabelledImages | np.ndarray | None, str]:
    """Return what to measure on, and its name for the report."""
    if data == dataset.PUBLIC_FACES:
        faces = dataset.read_public_faces()
        return faces, f"{len(faces)} public faces of scikit-image, unlabelled"
    path = dataset.find_data(Path(data) if data else None)
    if path is None:
        console.print_warning(f"No accuracy: FER2013 was not found. {dataset.how_to_get()}")
        return None, "no faces: latency only"
    splits = _read_fer2013(data)
    chosen = split or next((name for name in EVALUATION_SPLITS if name in splits), None)
    if chosen not in splits:
        raise DataError(f"Expected a split to measure on among {', '.join(splits)}, got {chosen or 'none'}.")
    return splits[chosen], f"FER2013 split '{chosen}', {len(splits[chosen]):,} images"


def _thread_counts(text: str) -> list[int]:
    """Return the counts in "1,2,4"."""
    try:
        counts = [int(part) for part in text.split(",")]
    except ValueError:
        counts = []
    if not counts or min(counts) < 1:
        raise FerEdgeError(f"Expected thread counts such as 1,2, got '{text}'.")
    return counts


def demo(model: Path, data: str | None, out: Path) -> None:
    """Convert the bundled model three ways and bench the results, with FER2013 or without."""
    if data is None and dataset.find_data(None) is None:
        console.print_warning(
            "FER2013 was not found, so int8 is calibrated on the 100 public faces of scikit-image, and "
            f"agreement with float32 stands in place of accuracy. {dataset.how_to_get()}"
        )
        data = dataset.PUBLIC_FACES
    models = convert(
        model,
        recipe_names=["float32", "float16", "int8"],
        data=data,
        out=out,
        calibration_size=None,
        seed=0,
        force=True,
        as_json=False,
    )
    bench(
        models,
        baseline=models[0],
        data=data,
        split=None,
        threads="1",
        samples=1000,
        json_file=out / "report.json",
        force=True,
    )


def _read_fer2013(data: str | None) -> dict[str, LabelledImages]:
    path = dataset.require_data(Path(data) if data else None)
    with console.progress_bar(f"reading {path.name}") as progress:
        return dataset.read_splits(path, progress=progress)


def _load_tensorflow() -> None:
    """Import TensorFlow, which takes seconds, without its start-up notices.

    Raises:
        FerEdgeError: it is not installed.
    """
    console.print_note("loading TensorFlow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with silenced():
            import keras  # noqa: F401
            import tensorflow  # noqa: F401
    except ImportError as error:
        raise FerEdgeError(
            f"Training and conversion need TensorFlow ({error}). Run \"pip install 'fer-edge[train]'\"; "
            "to run a model, the base install is enough."
        ) from error
