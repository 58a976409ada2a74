"""`fer-edge predict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge import console
from fer_edge.errors import FerEdgeError, ImageError, OutputError
from fer_edge.files import require_free, write_bytes
from fer_edge.quiet import silenced
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
        images: the pictures.
        model: a .tflite file, or the name of a bundled model.
        cropped: take each picture for one face.
        detector: a YuNet network; None for the Haar cascade.
        out: where annotated copies go; None for none.
        force: replace files that exist.
        as_json: print JSON for programs.

    Raises:
        ImageError: a picture is unreadable, or no face was found in any.
        ModelError: the model or the YuNet network cannot be used.
    """
    from fer_edge.runtime import EmotionClassifier, FaceAnalyzer
    from fer_edge.runtime.annotate import annotate
    from fer_edge.runtime.preprocess import encode_picture, read_picture

    targets = _annotation_targets(images, out)
    for target in targets.values():
        require_free(target, force=force)
    results = []
    annotated: dict[Path, bytes] = {}  # written at the end: an unreadable picture leaves nothing behind
    with silenced():
        loaded = EmotionClassifier(model)
    with loaded as classifier:
        analyzer = FaceAnalyzer(classifier, _detector(detector, cropped=cropped))
        for path in images:
            picture = read_picture(path)
            faces = analyzer.analyze(picture)
            results.append((path, faces))
            if path in targets:
                annotated[targets[path]] = encode_picture(annotate(picture, faces), targets[path].suffix)
    if as_json:
        console.print_json([console.faces_as_json(path, faces, classifier.labels) for path, faces in results])
    else:
        console.print_faces(results)
    if not any(faces for _, faces in results):
        raise ImageError(
            f"No face was found. Expected frontal faces of at least {FACE_SIZE}x{FACE_SIZE} pixels; pass --cropped "
            "for pictures that are one face already."
        )
    for target, content in annotated.items():
        write_bytes(target, content)


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
