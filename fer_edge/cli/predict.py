"""`fer-edge predict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_edge.cli.options import (
    FILE,
    detector_option,
    examples,
    force_option,
    json_option,
    margin_option,
    min_confidence_option,
    min_face_option,
    model_option,
    stating_options,
    trusted_key_option,
)
from fer_edge.cli.stated import read_statement
from fer_edge.errors import FerEdgeError, ImageError, OutputError
from fer_edge.files import require_free, write_bytes, write_text
from fer_edge.output import console
from fer_edge.output.face_table import Answer, FaceRows, faces_as_csv, faces_as_json

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fer_edge.cli.predict_sources import PictureItem
    from fer_edge.runtime import FaceAnalyzer, FaceDetector


@click.command(
    epilog=examples(
        "fer-edge predict photo.jpg --out seen.jpg",
        "fer-edge predict 'photos/*.jpg' --csv faces.csv",
        "fer-edge predict https://example.org/portrait.jpg --json",
        "fer-edge predict face.png --cropped --model edge_cnn_m",
    )
)
@click.argument("sources", metavar="IMAGES...", nargs=-1, required=True)
@model_option
@stating_options
@click.option("--recursive", is_flag=True, help="Enter the folders inside folders.")
@click.option("--cropped", is_flag=True, help="The pictures are cropped faces: do not search.")
@detector_option
@min_face_option
@min_confidence_option
@margin_option
@click.option(
    "--out",
    type=FILE,
    help="Write the picture with boxes and labels to this file, or with several pictures into this folder; "
    "a picture without a face is not written.",
)
@click.option("--csv", "csv_file", type=FILE, metavar="FILE", help="Write a row for each face to this file.")
@trusted_key_option
@force_option
@json_option
def command(
    sources: tuple[str, ...],
    model: str,
    labels: str | None,
    input_range: str | None,
    colour: str | None,
    recursive: bool,
    cropped: bool,
    detector: str,
    min_face: int | None,
    min_confidence: float | None,
    margin: float | None,
    out: Path | None,
    csv_file: Path | None,
    trusted_key: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Find the faces in pictures and name the emotion each shows.

    IMAGES are pictures, folders of them, patterns in quotes, http(s) addresses, or - for stdin.
    """
    from fer_edge.cli.predict_sources import find_pictures
    from fer_edge.runtime import EmotionClassifier, FaceAnalyzer
    from fer_edge.runtime.quiet import silenced

    statement = read_statement(labels, input_range, colour)
    pictures = find_pictures(sources, recursive=recursive)
    targets = _annotation_targets(pictures, out, many=any(Path(source).is_dir() for source in sources))
    for target in [*targets.values(), *filter(None, [csv_file])]:
        require_free(target, force=force)
    with silenced():
        loaded = EmotionClassifier(model, **statement.as_options(), trusted_key=trusted_key)
    with loaded as classifier:
        finder = _detector(detector, min_face, min_confidence, cropped=cropped)
        analyzer = FaceAnalyzer(classifier, finder, margin=margin)
        results = _analyze_all(pictures, analyzer, targets, force=force, rows=not as_json)
    if as_json:
        console.print_json([faces_as_json(name, faces) for name, faces in results])
    if csv_file is not None:
        write_text(csv_file, faces_as_csv(results, classifier.labels), force=force)
        console.print_note(f"Wrote {csv_file}")
    if out is not None:
        written = [targets[name] for name, faces in results if faces and name in targets]
        if written:
            console.print_note(f"Wrote {written[0]}" if len(written) == 1 else f"Wrote {len(written)} files to {out}")
    _judge(results, len(pictures), min_face)


def _analyze_all(
    pictures: list[PictureItem],
    analyzer: FaceAnalyzer,
    targets: dict[str, Path],
    *,
    force: bool,
    rows: bool,
) -> list[Answer]:
    """Return the faces of each picture that can be read; print and write each as soon as it is found."""
    from fer_edge.runtime.annotate import annotate
    from fer_edge.runtime.preprocess import encode_picture

    results: list[Answer] = []
    printer = FaceRows([picture.name for picture in pictures]) if rows else None
    with console.progress_bar("reading pictures") as progress:
        for number, picture in enumerate(pictures):
            progress(number, len(pictures))
            pixels = _read(picture, alone=len(pictures) == 1)
            if pixels is None:
                continue
            faces = analyzer.analyze(pixels)
            results.append((picture.name, faces))
            if printer is not None:
                printer.print(picture.name, faces)
            if faces and picture.name in targets:
                target = targets[picture.name]
                write_bytes(target, encode_picture(annotate(pixels, faces), target.suffix), force=force)
    return results


def _read(picture: PictureItem, *, alone: bool) -> npt.NDArray[np.uint8] | None:
    """Return the pixels; None for one of several that cannot be read, which costs nothing of the others.

    Raises:
        ImageError: the only picture cannot be read.
    """
    from fer_edge.runtime.quiet import overheard

    try:
        with overheard() as complaints:
            pixels = picture.read()
    except ImageError as error:
        if alone:
            raise
        console.print_warning(str(error))
        return None
    if complaints:  # OpenCV made a picture of it all the same
        console.print_warning(f"{picture.name}: {complaints[0]}")
    return pixels


def _judge(results: list[Answer], count: int, min_face: int | None) -> None:
    """Raise what makes the exit code 1: pictures that cannot be read, or no face in any."""
    from fer_edge.types import FACE_SIZE

    if unreadable := count - len(results):
        raise ImageError(f"{unreadable} of {count} pictures cannot be read; see the warnings above.")
    if not any(faces for _, faces in results):
        raise ImageError(
            f"No face was found of at least {min_face or FACE_SIZE}x{min_face or FACE_SIZE} pixels: try a smaller "
            "--min-face, or pass --cropped if the pictures are cropped faces."
        )


def _detector(name: str, min_face: int | None, min_confidence: float | None, *, cropped: bool) -> FaceDetector:
    """Return what the options ask for."""
    from fer_edge.runtime import WholePicture, load_detector

    if not cropped:
        return load_detector(name, min_size=min_face, min_confidence=min_confidence, notify=console.print_warning)
    if name != "auto" or min_face is not None or min_confidence is not None:
        raise FerEdgeError(
            "--cropped excludes --detector, --min-face and --min-confidence: a picture that is one face "
            "already needs no detector."
        )
    return WholePicture()


def _annotation_targets(pictures: list[PictureItem], out: Path | None, *, many: bool) -> dict[str, Path]:
    """Return name -> annotated file: `out` itself for one picture, files in the folder `out` for others."""
    if out is None:
        return {}
    if len(pictures) == 1 and not many and not out.is_dir():
        return {pictures[0].name: out}
    targets = {picture.name: out / picture.file_name for picture in pictures}
    if len(set(targets.values())) < len(pictures):
        raise OutputError(f"Several pictures have the same name and would overwrite each other in {out}.")
    return targets
