"""How well faces are read that were found, by the framing, the roll and the turn of the head.

    python -m tools.faces.reading --json build/faces/reading.json

Scenes are made of FER2013's PublicTest images (see tools/experiments/face_margin.py); YuNet finds each again. The
same box is cut straight, and turned upright by the eyes, however little it leans.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.data.fer2013 import read_splits, require_data
from fer_edge.runtime import EmotionClassifier, Framing, YuNetDetector
from fer_edge.runtime import framing as cutting
from fer_edge.types import Box
from tools.experiments.face_margin import lies_on, make_scene

MODELS = ("edge_cnn_s", "edge_cnn_m")
MARGINS = (-0.1, -0.07, -0.04, 0.0, 0.05, 0.1)


def main() -> int:
    """Make the scenes, find the faces, ask the classifiers, write the answers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=None, help="FER2013; default: as fer-edge finds it")
    parser.add_argument("--images", type=int, default=None, help="default: all of PublicTest")
    parser.add_argument("--json", type=Path, required=True)
    options = parser.parse_args()
    faces = read_splits(require_data(options.data))["public"]
    rng = np.random.default_rng(0)
    chosen = faces.take(rng.permutation(len(faces))[: options.images])
    detector = YuNetDetector()
    classifiers = {name: EmotionClassifier(name) for name in MODELS}
    rows = []
    for index, face in enumerate(chosen.images[..., 0]):
        scene, pasted = make_scene(face, rng)
        box = next((box for box in detector.detect(scene) if lies_on(box, pasted)), None)
        if box is not None:
            rows.append(_ask(classifiers, scene, pasted, box) | {"label": int(chosen.labels[index])})
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"images": len(chosen), "faces": rows}))
    print(f"{len(rows):,} of {len(chosen):,} faces found")
    return 0


def _ask(
    classifiers: dict[str, EmotionClassifier], scene: np.ndarray[Any, Any], pasted: Box, box: Box
) -> dict[str, Any]:
    """Return geometry and answers for one face."""
    assert box.landmarks is not None
    straight, edge = replace(box, landmarks=None), max(box.width, box.height)
    framing = YuNetDetector.framing
    crops = {f"margin {m:+.2f}": cutting.cut_face(scene, straight, Framing(m, framing.down)) for m in MARGINS}
    crops["FER2013"] = cutting.cut_face(scene, pasted, Framing())
    crops["straight"] = cutting.cut_face(scene, straight, framing)
    square = cutting.face_square(box, framing, *scene.shape)
    crops["upright"] = cutting._turn_upright(scene, square, box.landmarks.roll_degrees)
    return {
        "roll": round(box.landmarks.roll_degrees, 2),
        "turn": round(box.landmarks.turn, 4),
        "margin": round((pasted.width / edge - 1) / 2, 4),
        "down": round((pasted.y + pasted.height / 2 - box.y - box.height / 2) / edge, 4),
        "answers": {
            model: {name: int(classifier.predict(crop).probabilities.argmax()) for name, crop in crops.items()}
            for model, classifier in classifiers.items()
        },
    }


if __name__ == "__main__":
    sys.exit(main())
