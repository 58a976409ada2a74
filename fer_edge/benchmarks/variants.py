"""The files of a bench: who they are, and who is compared with whom."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from fer_edge.modelfile.metadata import ModelFile, read_model


@dataclass(frozen=True)
class Variant:
    """One file under its name in the report; `baseline` is another's id, None for a baseline."""

    id: str
    name: str
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
    names = _name_networks(files)
    ids = _number({path: f"{names[path]}:{files[path].metadata.recipe}" for path in paths})
    chosen = {path: baseline or _default_baseline(path, files, names) for path in paths}
    variants = [
        Variant(ids[path], names[path], path, files[path], None if chosen[path] == path else ids[chosen[path]])
        for path in paths
    ]
    return sorted(variants, key=lambda variant: variant.baseline is not None)


def _default_baseline(path: Path, files: dict[Path, ModelFile], names: dict[Path, str]) -> Path:
    exact = [other for other, file in files.items() if file.metadata.recipe == "float32"]
    same = [other for other in exact if names[other] == names[path]]
    return [*same, *exact, *files][0]


def _name_networks(files: dict[Path, ModelFile]) -> dict[Path, str]:
    """Return the network's name of each file.

    It is the name in the metadata, unless that fits two files of one recipe: then these are different
    networks of one family, and the files' names, without the recipe, tell them apart.
    """
    told = Counter((file.metadata.name, file.metadata.recipe) for file in files.values())
    unclear = {name for (name, _), count in told.items() if count > 1}
    return {
        path: path.name.removesuffix(".tflite").removesuffix(f".{file.metadata.recipe}")
        if file.metadata.name in unclear
        else file.metadata.name
        for path, file in files.items()
    }


def _number(ids: dict[Path, str]) -> dict[Path, str]:
    """Return ids that are unique: the second of its kind gets "#2"."""
    seen: Counter[str] = Counter()
    unique = {}
    for path, id_ in ids.items():
        seen[id_] += 1
        unique[path] = id_ if seen[id_] == 1 else f"{id_}#{seen[id_]}"
    return unique
