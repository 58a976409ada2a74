"""One classifier in a process of its own, measured on request.

    python worker.py PEER [MODEL.tflite]

Answers each line on stdin with one line of JSON on stdout. Before the first it says "ready", after its
first answer to a face.

    time N          -> microseconds of each of N calls with one 48x48 face
    classify F.npy  -> for each face of the file the index of its label, in fer-edge's order
    memory          -> peak resident memory in MB
"""

import json
import os
import sys
import time
from collections.abc import Callable

import numpy as np

Classify = Callable[[np.ndarray], np.ndarray]
"""48x48 uint8 face -> scores in fer-edge's order of labels."""

# fer's order is the challenge's: angry, disgust, fear, happy, sad, surprise, neutral.
FROM_CHALLENGE = [0, 1, 2, 3, 6, 4, 5]


def ours(model: str) -> Classify:
    """Return fer-edge's classifier, with one thread."""
    from fer_edge.runtime import EmotionClassifier

    classifier = EmotionClassifier(model)
    return lambda face: classifier.predict(face).probabilities


def fer(*, use_tflite: bool) -> Classify:
    """Return the classifier inside the package fer, fed as its own detect_emotions feeds it."""
    import cv2
    from fer.fer import FER

    detector = FER(use_tflite=use_tflite)

    def classify(face: np.ndarray) -> np.ndarray:
        pixels = cv2.resize(face, (64, 64)) / 255.0
        scores = np.asarray(detector._classify_emotions(((pixels - 0.5) * 2.0)[np.newaxis]))
        return scores[0][FROM_CHALLENGE]

    return classify


def fer_weights(model: str) -> Classify:
    """Return fer's own .tflite file (mini-Xception) in the interpreter that fer-edge uses, with one thread."""
    import cv2
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=model, num_threads=1)
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]["index"]
    target = interpreter.get_output_details()[0]["index"]

    def classify(face: np.ndarray) -> np.ndarray:
        pixels = (cv2.resize(face, (64, 64)).astype(np.float32) / 255 - 0.5) * 2
        interpreter.set_tensor(source, pixels.reshape(1, 64, 64, 1))
        interpreter.invoke()
        return interpreter.get_tensor(target)[0][FROM_CHALLENGE]

    return classify


def load(peer: str, *arguments: str) -> Classify:
    """Return a peer's classifier."""
    if peer == "fer-edge":
        return ours(*arguments)
    if peer == "fer-weights":
        return fer_weights(*arguments)
    return fer(use_tflite=peer == "fer-tflite")


def answer(classify: Classify, request: str, argument: str) -> object:
    """Carry out one request."""
    if request == "time":
        face = np.random.default_rng(0).integers(0, 256, (48, 48), dtype=np.uint8)
        samples = []
        for _ in range(int(argument)):
            start = time.perf_counter_ns()
            classify(face)
            samples.append((time.perf_counter_ns() - start) / 1000)
        return samples
    if request == "classify":
        return [int(classify(face[..., 0]).argmax()) for face in np.load(argument)]
    status = open("/proc/self/status").read()  # noqa: SIM115
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def main() -> None:
    """Load, answer a first face, then whatever is asked."""
    channel = os.fdopen(os.dup(1), "w")  # libraries print; only answers go to the one who asks
    os.dup2(2, 1)
    classify = load(*sys.argv[1:])
    classify(np.zeros((48, 48), np.uint8))
    print("ready", file=channel, flush=True)
    for line in sys.stdin:
        request, _, argument = line.strip().partition(" ")
        print(json.dumps(answer(classify, request, argument)), file=channel, flush=True)


if __name__ == "__main__":
    main()
