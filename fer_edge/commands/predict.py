"""`fer-edge predict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge import console
from fer_edge.errors import FerEdgeError, ImageError, OutputError
from fer_edge.files import require_free, write_bytes
from fer_edge.quiet import overheard, silenced
from fer_edge.runtime.image_header import PICTURE_SUFFIXES
from fer_edge.types import FACE_SIZE

if TYPE_CHECKING:
    from fer_edge.runtime import FaceDetector


def predict(
    images: list[Path],
    *,
    model: str,
    cropped: bool,
    detector: Path | None,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Analyse pictures; print what was found, and write annotated copies if asked to.

    Args:
        images: the pictures; a folder stands for those in it, by their suffixes.
        model: a .tflite file, or the name of a bundled model.
        cropped: take each picture for one face.
        detector: a YuNet network; None for the Haar cascade.
        out: where annotated copies go; None for none.
        force: replace files that exist.
        as_json: print JSON for programs.

    Raises:
        ImageError: a picture is unreadable, which costs nothing of the others; or no face was found in any.
        ModelError: the model or the YuNet network cannot be used.
    """
    from fer_edge.runtime import EmotionClassifier, FaceAnalyzer
    from fer_edge.runtime.annotate import annotate
    from fer_edge.runtime.preprocess import encode_picture, read_picture

    pictures = _expand(images)
    targets = _annotation_targets(pictures, out)
    for target in targets.values():
        require_free(target, force=force)
    results = []
    with silenced():
        loaded = EmotionClassifier(model)
    with loaded as classifier:
        analyzer = FaceAnalyzer(classifier, _detector(detector, cropped=cropped))
        for path in pictures:
            try:
                with overheard() as complaints:
                    picture = read_picture(path)
            except ImageError as error:
                if len(pictures) == 1:
                    raise
                console.print_warning(str(error))
                continue
            if complaints:  # OpenCV made a picture of it all the same
                console.print_warning(f"{path}: {complaints[0]}")
            faces = analyzer.analyze(picture)
            results.append((path, faces))
            if faces and path in targets:
                write_bytes(targets[path], encode_picture(annotate(picture, faces), targets[path].suffix), force=force)
    if as_json:
        console.print_json([console.faces_as_json(path, faces, classifier.labels) for path, faces in results])
    elif results:
        console.print_faces(results)
    unreadable = len(pictures) - len(results)
    if unreadable:
        raise ImageError(f"{unreadable} of {len(pictures)} pictures cannot be read; see the warnings above.")
    if not any(faces for _, faces in results):
        raise ImageError(
            f"No face was found. Expected frontal faces of at least {FACE_SIZE}x{FACE_SIZE} pixels; pass --cropped "
            "for pictures that are one face already."
        )


def _expand(images: list[Path]) -> list[Path]:
    """Return the pictures, with those in a folder in its place, in the order of their names.

    Raises:
        ImageError: a folder holds no picture.
    """
    pictures = []
    for path in images:
        if not path.is_dir():
            pictures.append(path)
            continue
        inside = sorted(file for file in path.iterdir() if file.suffix.lower() in PICTURE_SUFFIXES)
        if not inside:
            raise ImageError(f"The folder {path} holds no picture ({', '.join(sorted(PICTURE_SUFFIXES))}).")
        pictures += inside
    return pictures


def _detector(yunet: Path | None, *, cropped: bool) -> FaceDetector | None:
    """Return what the options ask for; None leaves the choice to the analyzer."""
    from fer_edge.runtime import WholePicture, YuNetDetector

    if cropped and yunet:
        raise FerEdgeError("Expected --cropped or --detector, got both: a picture that is one face needs no detector.")
    if cropped:
        return WholePicture()
    return YuNetDetector(yunet) if yunet else None


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
