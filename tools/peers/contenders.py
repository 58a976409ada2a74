"""Who is measured, where each comes from, and how it is run."""

from __future__ import annotations

import sys
from pathlib import Path

from fer_edge.cli.shared import load_tensorflow
from fer_edge.runtime.bundled import ASSETS, DEFAULT_MODEL
from fer_edge.types import LabelledImages
from tools.pages.compare_architectures import PUBLISHED, load_network, trained_network
from tools.peers.environments import BUILD, NodeEnvironment, PythonEnvironment
from tools.peers.peer import Peer

Splits = dict[str, LabelledImages]

TFJS = "4.22.0"
OURS = PythonEnvironment("fer-edge", (".",))
FER = PythonEnvironment("fer", ("fer==25.10.3", "setuptools<81"))
"""It imports pkg_resources, which setuptools has no more since release 81; pip alone would bring a newer one."""
HUMAN = NodeEnvironment(
    "human",
    # Its build for Node.js and WASM leaves these three to the one who installs it.
    (
        "@vladmandic/human@3.3.6",
        *(f"@tensorflow/tfjs-{part}@{TFJS}" for part in ("core", "converter", "backend-wasm")),
    ),
)
ARCHITECTURES = ("mini_xception", "seed_cnn")
"""Networks without weights to fetch: built and converted here; only what a run has trained has an accuracy."""


def all_peers(splits: Splits) -> list[Peer]:
    """Return everyone in the table's order; the first is whom the times are compared to.

    Args:
        splits: of FER2013; files that are made here are calibrated on its training images.
    """
    architectures = [converted(network, recipe, splits) for network in ARCHITECTURES for recipe in ("float32", "int8")]
    return [*ours(splits), *fer(), human(), *architectures]


def ours(splits: Splits) -> list[Peer]:
    """Return the bundled int8 files, the default network first, and float32 files of the same networks."""
    networks = sorted(file.name.removesuffix(".int8.tflite") for file in Path(ASSETS).glob("*.int8.tflite"))
    networks.sort(key=lambda network: network != DEFAULT_MODEL)
    return [peer for network in networks for peer in (bundled(network), converted(network, "float32", splits))]


def bundled(network: str) -> Peer:
    """Return the int8 file that fer-edge ships."""
    file = Path(ASSETS) / f"{network}.int8.tflite"
    return Peer(f"{network} int8", OURS, ("fer-edge", str(file)), (file,))


def converted(network: str, recipe: str, splits: Splits) -> Peer:
    """Return a network that our converter turns into a file first: a trained one, else with random weights."""
    target = BUILD / f"{network}.{recipe}.tflite"

    def build() -> None:
        load_tensorflow(announce=False)
        from fer_edge.convert.calibration import select_calibration
        from fer_edge.convert.converter import Converter
        from fer_edge.convert.recipes import find_recipe

        how = find_recipe(recipe)
        faces = select_calibration(splits, size=how.calibration_size, seed=how.seed, split=how.split)
        target.write_bytes(Converter(load_network(network), calibration=faces).convert(how).content)

    untrained = None if trained_network(network) else f"not trained (published: {PUBLISHED.get(network, 'nothing')})"
    return Peer(f"{network} {recipe}", OURS, ("fer-edge", str(target)), (target,), build, untrained)


def fer() -> list[Peer]:
    """Return fer's two backends, and its TFLite file without fer and TensorFlow around it."""
    data = FER.folder / "lib" / f"python{'.'.join(map(str, sys.version_info[:2]))}" / "site-packages/fer/data"
    tflite, keras = data / "emotion_model_quantized.tflite", data / "emotion_model.hdf5"
    return [
        Peer("fer 25.10.3, TFLite backend", FER, ("fer-tflite",), (tflite,)),
        Peer("fer 25.10.3, Keras backend", FER, ("fer-keras",), (keras,)),
        Peer("fer's mini-Xception .tflite in ai-edge-litert", OURS, ("fer-weights", str(tflite)), (tflite,)),
    ]


def human() -> Peer:
    """Return the emotion model of @vladmandic/human, without the rest of its pipeline."""
    models = HUMAN.folder / "node_modules/@vladmandic/human/models"
    files = (models / "emotion.json", models / "emotion.bin")
    return Peer("@vladmandic/human 3.3.6, emotion model, WASM", HUMAN, (), files)
