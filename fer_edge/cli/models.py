"""`fer-edge models`."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import click

from fer_edge.cli.options import examples, json_option
from fer_edge.output import console

TIMED_RUNS = 50


@dataclass(frozen=True)
class BundledModel:
    """A model that comes with fer-edge.

    Attributes:
        name: what --model takes.
        bytes: of the file.
        accuracy: on FER2013's PublicTest images when it was converted; None where the file does not say.
        macs: multiply-accumulates of one face.
        predict_ms: median time of one 48x48 face on this computer, one thread.
    """

    name: str
    bytes: int
    accuracy: float | None
    macs: int
    predict_ms: float


@click.command(epilog=examples("fer-edge models", "fer-edge models --json"))
@json_option
def command(as_json: bool) -> None:
    """List the bundled networks: size, accuracy, time."""
    from fer_edge.runtime.bundled import bundled_names

    models = [_examine(name) for name in bundled_names()]
    if as_json:
        console.print_json([asdict(model) for model in models])
        return
    console.print_line(f"{'model':24}  {'size, kB':>8}  {'PublicTest, %':>13}  {'MACs, million':>13}  {'ms here':>7}")
    for model in models:
        accuracy = "" if model.accuracy is None else f"{100 * model.accuracy:.2f}"
        console.print_line(
            f"{model.name:24}  {model.bytes / 1000:8,.0f}  {accuracy:>13}  {model.macs / 1e6:13.1f}"
            f"  {model.predict_ms:7.3f}"
        )
    console.print_note("A name without a recipe is the int8 file. 'fer-edge bench NAME' measures with care.")


def _examine(name: str) -> BundledModel:
    import numpy as np

    from fer_edge.graph.cost import analyse_cost
    from fer_edge.modelfile.metadata import read_model
    from fer_edge.runtime import EmotionClassifier
    from fer_edge.runtime.bundled import find_model
    from fer_edge.runtime.quiet import silenced
    from fer_edge.types import FACE_SIZE

    path = Path(find_model(name))
    file = read_model(path)
    with silenced():
        loaded = EmotionClassifier(path)
    face = np.zeros((FACE_SIZE, FACE_SIZE), np.uint8)
    with loaded as classifier:
        times = []
        for _ in range(TIMED_RUNS):
            start = time.perf_counter()
            classifier.predict(face)
            times.append(1000 * (time.perf_counter() - start))
    labelled = (file.metadata.content.get("fidelity") or file.metadata.content.get("verification") or {}).get(
        "labelled"
    )
    return BundledModel(
        name,
        path.stat().st_size,
        labelled["accuracy"] if labelled else None,
        analyse_cost(file.flatbuffer, str(path)).macs,
        round(median(times), 4),
    )
