"""Runs models on faces and keeps their raw outputs: on an emulated device, and on this machine.

    python on_device.py FACES.npy OUTPUTS.npz MODEL.tflite=COUNT ...

Each model sees the first COUNT faces. On stderr stands a line "MODEL name" before each, and os.getppid()
is called right before and after each inference: the emulator's counter takes it as a marker.
"""

import os
import sys
from pathlib import Path

import numpy as np

from fer_edge.modelfile.metadata import read_model
from fer_edge.runtime.interpreter import load_interpreter


def raw_outputs(model: Path, faces: np.ndarray) -> np.ndarray:
    """Return what the bare interpreter answers, one thread, not dequantised."""
    interpreter = load_interpreter(read_model(model).flatbuffer, threads=1)
    source = interpreter.get_input_details()[0]["index"]
    target = interpreter.get_output_details()[0]["index"]
    outputs = []
    for face in faces:
        interpreter.set_tensor(source, face[np.newaxis])
        os.getppid()
        interpreter.invoke()
        os.getppid()
        outputs.append(interpreter.get_tensor(target)[0])
    return np.stack(outputs)


def main() -> None:
    """See above."""
    faces_file, outputs_file, *wishes = sys.argv[1:]
    faces = np.load(faces_file)
    outputs = {}
    for wish in wishes:
        model, _, count = wish.rpartition("=")
        print("MODEL", Path(model).name, file=sys.stderr, flush=True)
        outputs[Path(model).name] = raw_outputs(Path(model), faces[: int(count)])
    np.savez(outputs_file, **outputs)


if __name__ == "__main__":
    main()
