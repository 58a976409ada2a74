"""The files of a bench: who they are, and who is compared with whom."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fer_edge.runtime.metadata import ModelFile, read_model


@dataclass(frozen=True)
class Variant:
    """One file under its name in the report; `baseline` is another's id, None for a baseline."""

    id: str
    path: Path
    file: ModelFile
    baseline: str | None


def plan_variants(models: list[Path], baseline: Path | None) -> list[Variant]:
    """Return the models without repeats, baselines first. Reads, and so verifies, every file.

    Args:
        models: .tflite files of fer-edge.
        baseline: what all are compared with. By default each is compared with the float32 file of the
            same network, else with the first float32 file, else with the first file.

    Raises:
        ModelError: a file is missing or damaged.
    """
    paths = list(dict.fromkeys([*models, *([baseline] if baseline else [])]))
    files = {path: read_model(path) for path in paths}
    ids = _name_all(files)
    chosen = {path: baseline or _default_baseline(path, files) for path in paths}
    variants = [
        Variant(ids[path], path, files[path], None if chosen[path] == path else ids[chosen[path]]) for path in paths
    ]
    return sorted(variants, key=lambda variant: variant.baseline is not None)


def _default_baseline(path: Path, files: dict[Path, ModelFile]) -> Path:
    exact = [other for other, file in files.items() if file.metadata.recipe == "float32"]
    same = [other for other in exact if files[other].metadata.name == files[path].metadata.name]
    return [*same, *exact, *files][0]


def _name_all(files: dict[Path, ModelFile]) -> dict[Path, str]:
    """Return an id for each file: name and recipe, with a number where two files share them."""
    ids: dict[Path, str] = {}
    for path, file in files.items():
        id_ = f"{file.metadata.name}:{file.metadata.recipe}"
        count = sum(other.partition("#")[0] == id_ for other in ids.values())
        ids[path] = f"{id_}#{count + 1}" if count else id_
    return ids
