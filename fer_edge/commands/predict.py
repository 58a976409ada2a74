"""`fer-edge predict`."""

from __future__ import annotations

from pathlib import Path

from fer_edge import console
from fer_edge.errors import ImageError, OutputError
from fer_edge.files import require_free, write_bytes
from fer_edge.types import FACE_SIZE


def predict(images: list[Path], *, model: str, cropped: bool, out: Path | None, force: bool, as_json: bool) -> None:
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
