"""Networks of other makers on the command line: what the user states of them, and one road for all commands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.errors import DataError
from fer_edge.output import console

if TYPE_CHECKING:
    from fer_edge.kerasfile.load import KerasModel
    from fer_edge.kerasfile.prepare import PreparedModel
    from fer_edge.runtime.foreign import Statement
    from fer_edge.types import LabelledImages

GUESSING_FACES = 350
"""Training faces, 50 of each emotion, that tell how a foreign network is to be read."""


def read_statement(labels: str | None, input_range: str | None, colour: str | None) -> Statement:
    """Return what --labels, --input-range and --colour say.

    Raises:
        ModelError: labels that are none or twice the same, an impossible range.
    """
    from fer_edge.emotions import read_labels
    from fer_edge.runtime.foreign import state

    return state(None if labels is None else read_labels(labels), input_range, colour)


def is_keras(model: str) -> bool:
    """Return whether a model is to be loaded by Keras: a folder, or a file that is no .tflite file."""
    path = Path(model)
    if path.is_dir():
        return "/" in model or (path / "saved_model.pb").is_file()  # a folder may have the name of a bundled model
    if not path.is_file():
        return model.endswith((".keras", ".h5", ".hdf5"))
    with path.open("rb") as file:
        return file.read(8)[4:] != b"TFL3" and path.suffix != ".tflite"


def prepare_network(
    path: Path, architecture: str | None, statement: Statement, splits: dict[str, LabelledImages] | None
) -> PreparedModel:
    """Load a Keras network and say what had to be assumed of it; TensorFlow is loaded already.

    Args:
        path: the file or folder.
        architecture: of a file of weights alone.
        statement: what the user says of it.
        splits: FER2013, to find out what nobody says; None without it.

    Raises:
        ModelError: it cannot be loaded, or is no network for one picture.
    """
    from fer_edge.kerasfile.load import open_keras
    from fer_edge.kerasfile.prepare import prepare

    loaded = open_keras(path, architecture)
    prepared = prepare(
        loaded,
        labels=statement.labels,
        input_range=statement.input_range,
        colour=statement.colour,
        faces=_guessing_faces(loaded, splits),
    )
    for assumption in prepared.assumptions if prepared.training is None else ():
        console.print_warning(assumption)
    return prepared


def convert_to_float32(
    model: str, architecture: str | None, statement: Statement, data: str | None
) -> tuple[str, bytes]:
    """Return the file, name and bytes, that stands for a Keras network where a .tflite file is looked at.

    Its answers are those of Keras; how the network is read is found out as `convert` does.

    Raises:
        ModelError: it cannot be loaded or converted, or is no network for one picture.
    """
    from fer_edge.cli.shared import load_tensorflow, read_fer2013, require_network
    from fer_edge.data import fer2013

    path = Path(model)
    require_network(path, architecture)
    known = data != fer2013.PUBLIC_FACES and fer2013.find_data(Path(data) if data else None) is not None
    splits = read_fer2013(data) if known else None
    load_tensorflow()
    from fer_edge.convert.converter import Converter
    from fer_edge.convert.recipes import find_recipe

    prepared = prepare_network(path, architecture, statement, splits)
    console.print_note(f"{path.name} is taken as the float32 file that convert makes of it")
    return f"{path.stem}.float32.tflite", Converter(prepared).convert(find_recipe("float32")).content


def describe_copies(models: Sequence[str], statement: Statement, folder: Path) -> list[Path]:
    """Return .tflite files that say what they take: the given ones, or for files of other makers copies in `folder`.

    What nobody says of them gets placeholders: time can be measured all the same.

    Raises:
        ModelError: one is missing, damaged, or takes no picture.
    """
    from fer_edge.modelfile.metadata import SIDECAR_SUFFIX, read_file
    from fer_edge.modelfile.seal import append_metadata
    from fer_edge.runtime.bundled import find_model
    from fer_edge.runtime.foreign import is_described, open_model

    paths = []
    for number, model in enumerate(models):
        path = Path(find_model(model))
        if not is_described(read_file(path)) or Path(f"{path}{SIDECAR_SUFFIX}").is_file():
            file = open_model(path, statement, placeholders=True)
            content = {key: value for key, value in file.metadata.content.items() if not key.startswith("flatbuffer")}
            path = folder / str(number) / path.name
            path.parent.mkdir(parents=True)
            path.write_bytes(append_metadata(file.flatbuffer, content))
        paths.append(path)
    return paths


def _guessing_faces(model: KerasModel, splits: dict[str, LabelledImages] | None) -> LabelledImages | None:
    """Return balanced training faces, none of which is verified on, for a network without a record."""
    import numpy as np

    from fer_edge.convert.calibration import select_calibration

    if model.training is not None or splits is None or "train" not in splits:
        return None
    size = min(GUESSING_FACES, len(splits["train"]) // 2)
    try:
        return splits["train"].take(np.array(select_calibration(splits, size=size, seed=0).indices))
    except DataError:  # too few to tell anything
        return None
