"""Counts how many faces of a FER2013 split the generated C scores as the reference kernels and as TFLM do.

    python -m tools.firmware.exactness [--data PATH] [MODEL ...]

Needs tflite-micro, and takes minutes: reference kernels are slow. docs/microcontrollers.md is written from the result,
tools/firmware/exactness.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from tflite_micro import runtime

from fer_edge.data.fer2013 import read_split, require_data
from fer_edge.firmware.tflm import arena_bytes
from fer_edge.modelfile.metadata import ModelFile, read_model
from fer_edge.runtime.bundled import find_model
from fer_edge.runtime.compiled import Interpreter
from fer_edge.runtime.interpreter import load_interpreter
from fer_edge.runtime.quiet import silenced
from fer_edge.runtime.reference import ask_reference

FILE = Path(__file__).with_name("exactness.json")
MODELS = ("edge_cnn_xs", "edge_cnn_s", "edge_cnn_m")


def main() -> int:
    """Ask all of them, print and store what was counted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=MODELS)
    parser.add_argument("--faces", type=int, help="ask about so many faces at most")
    parser.add_argument("--data", help="FER2013; default: where it is usually kept")
    options = parser.parse_args()
    data = read_split(require_data(Path(options.data) if options.data else None), "public")
    counted = json.loads(FILE.read_text()) if FILE.exists() else {}
    for name in options.models:
        file = read_model(find_model(name))
        counted[name] = compare(file, data.images[: options.faces], data.labels[: options.faces])
        print(name, json.dumps(counted[name], indent=2), flush=True)
        FILE.write_text(json.dumps(counted, indent=2) + "\n")
    return 0


def compare(file: ModelFile, images: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Return counts and accuracies of one model on N faces."""
    order = list(file.metadata.labels)
    c = ask(Interpreter(file.flatbuffer), images)
    with silenced():
        reference = ask_reference(file.flatbuffer, images)
        xnnpack = ask(load_interpreter(file.flatbuffer, threads=1), images)
    tflm = ask_tflm(file, images)
    assert order == sorted(order)  # FER2013's labels are numbered so
    return {
        "sha256": file.metadata.content["flatbuffer_sha256"],
        "faces": len(images),
        "accuracy_c": float(np.mean(c.argmax(axis=1) == labels)),
        "accuracy_xnnpack": float(np.mean(xnnpack.argmax(axis=1) == labels)),
        "against": {name: differences(c, other) for name, other in
                    {"reference": reference, "tflm": tflm, "xnnpack": xnnpack}.items()},
    }  # fmt: skip


def ask(interpreter: Any, images: np.ndarray) -> np.ndarray:
    """Return the scores (N x classes) of an interpreter."""
    source, target = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    scores = []
    for image in images:
        interpreter.set_tensor(source, image[np.newaxis])
        interpreter.invoke()
        scores.append(interpreter.get_tensor(target)[0])
    return np.stack(scores)


def ask_tflm(file: ModelFile, images: np.ndarray) -> np.ndarray:
    """Return the scores (N x classes) of TensorFlow Lite for Microcontrollers."""
    interpreter = runtime.Interpreter.from_bytes(file.flatbuffer, arena_size=arena_bytes(file))
    scores = []
    for image in images:
        interpreter.set_input(image[np.newaxis], 0)
        interpreter.invoke()
        scores.append(interpreter.get_output(0)[0].copy())
    return np.stack(scores)


def differences(ours: np.ndarray, other: np.ndarray) -> dict[str, Any]:
    """Return how many faces and scores differ, by how much at most, and for how many faces the emotion is another."""
    difference = np.abs(ours.astype(int) - other)
    return {
        "faces_that_differ": int(difference.any(axis=1).sum()),
        "scores_that_differ": int(np.count_nonzero(difference)),
        "largest": int(difference.max()),
        "other_emotion": int(np.sum(ours.argmax(axis=1) != other.argmax(axis=1))),
    }


if __name__ == "__main__":
    sys.exit(main())
