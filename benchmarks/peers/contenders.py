"""Who is measured, where each comes from, and how it is run."""

from __future__ import annotations

import sys
from pathlib import Path

from compare_architectures import PUBLISHED, convert, load_network
from peers.environments import BUILD, ROOT, NodeEnvironment, PythonEnvironment
from peers.peer import Peer

from fer_edge.commands.shared import load_tensorflow
from fer_edge.runtime.bundled import ASSETS, DEFAULT_MODEL

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
"""Networks without weights to fetch: built and converted here, and measured for accuracy only where a run trained them."""


def all_peers() -> list[Peer]:
    """Return everyone in the table's order; the first is whom the times are compared to."""
    return [*ours(), *fer(), human(), *architectures()]


def ours() -> list[Peer]:
    """Return the bundled int8 files, the default network first, and float32 files of the same networks."""
    shipped = sorted(ASSETS.glob("*.int8.tflite"), key=lambda file: (not file.name.startswith(DEFAULT_MODEL), file.name))
    peers = []
    for file in shipped:
        network = file.name.removesuffix(".int8.tflite")
        peers += [Peer(f"{network} int8", OURS, ("fer-edge", str(file)), (file,)), converted(network, "float32")]
    return peers


def architectures() -> list[Peer]:
    """Return networks of our pipeline as float32 and int8 files."""
    return [converted(network, recipe) for network in ARCHITECTURES for recipe in ("float32", "int8")]


def converted(network: str, recipe: str) -> Peer:
    """Return a network that our converter turns into a file first."""
    trained = next((file for file in (ROOT / f"models/{network}.keras", run_of(network)) if file.is_file()), None)
    target = BUILD / f"{network}.{recipe}.tflite"

    def build() -> None:
        load_tensorflow(announce=False)
        from fer_edge.keras_file import load_keras

        convert(load_keras(trained) if trained else load_network(network), recipe, target)

    untrained = None if trained else f"not trained (published: {PUBLISHED[network]})"
    return Peer(f"{network} {recipe}", OURS, ("fer-edge", str(target)), (target,), build, untrained)


def run_of(network: str) -> Path:
    """Return where a training run of that recipe leaves its network."""
    return ROOT / "runs" / network / "model.keras"


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
