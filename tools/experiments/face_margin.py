"""Measure how much around a Haar box the classifier should see.

FER2013's faces are cut out already, so scenes are made of held-out ones: each face is enlarged, continued
beyond its edges by reflection, and fades into a noisy grey background. The detector finds it again,
and the classifier answers for crops with more or less of a margin.

    python -m tools.experiments.face_margin --images 1000

Prints a Markdown table; writes nothing. What lies beyond the face's own picture is invented, so the
table tells which margin restores FER2013's framing, not what a wider view would be worth.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.data.fer2013 import read_splits, require_data
from fer_edge.evaluation.metrics import paired_drop
from fer_edge.runtime import Box, EmotionClassifier, FaceDetector, Framing, load_detector
from fer_edge.runtime.detectors.base import framing_of
from fer_edge.runtime.framing import face_square
from fer_edge.types import LabelledImages

Picture = npt.NDArray[np.uint8]

MARGINS = (-0.15, -0.1, -0.075, -0.05, -0.025, 0.0, 0.025, 0.05, 0.1, 0.15, 0.2)
SCENE_EDGE = 480  # pixels
FACE_EDGES = (96, 192)  # pixels, shortest and longest edge of a pasted face


@dataclass(frozen=True)
class Found:
    """A scene in which the face was found: where it was pasted (FER2013's own crop), and the detector's box."""

    index: int
    scene: Picture
    pasted: Box
    box: Box


def main() -> None:
    """Make the scenes, find the faces, measure each margin, print the tables."""
    arguments = _parse()
    faces = read_splits(require_data(arguments.data))["public"]
    rng = np.random.default_rng(arguments.seed)
    chosen = faces.take(rng.permutation(len(faces))[: arguments.images])
    detector = load_detector(arguments.detector)
    found = find_faces(detector, chosen, rng)
    print(f"{len(found):,} of {len(chosen):,} faces found by {arguments.detector}, {arguments.model}\n")
    print_geometry(found)
    with EmotionClassifier(arguments.model) as classifier:
        print_margins(classifier, chosen, found, framing_of(detector).down)


def find_faces(detector: FaceDetector, faces: LabelledImages, rng: np.random.Generator) -> list[Found]:
    """Return the scenes in which the detector finds a box that lies on the pasted face."""
    found = []
    for index, face in enumerate(faces.images[..., 0]):
        scene, pasted = make_scene(face, rng)
        boxes = [box for box in detector.detect(scene) if lies_on(box, pasted)]
        if boxes:
            found.append(Found(index, scene, pasted, boxes[0]))
    return found


def make_scene(face: Picture, rng: np.random.Generator) -> tuple[Picture, Box]:
    """Return a grey scene with a face in it, and where FER2013's crop went."""
    edge = int(rng.integers(*FACE_EDGES, endpoint=True))
    border = edge // 2
    large = cv2.resize(face, (edge, edge), interpolation=cv2.INTER_CUBIC)
    patch = _continue(large, border)
    opacity = np.zeros(patch.shape, np.float32)
    opacity[border // 2 : -(border // 2), border // 2 : -(border // 2)] = 1
    opacity = cv2.blur(opacity, (border, border))  # 1 on the face itself, 0 at the end of the border
    scene = _background(rng)
    left, top = (int(n) for n in rng.integers(0, SCENE_EDGE - len(patch), 2, endpoint=True))
    area = scene[top : top + len(patch), left : left + len(patch)]
    area[:] = np.rint(opacity * patch + (1 - opacity) * area)
    return scene, Box(left + border, top + border, edge, edge)


def _continue(face: Picture, border: int) -> Picture:
    """Return a face with its outermost pixels going on around it, blurred the more the farther out."""
    patch = cv2.copyMakeBorder(face, border, border, border, border, cv2.BORDER_REPLICATE)
    blurred = cv2.GaussianBlur(patch, (0, 0), border / 4)
    inside = np.zeros(patch.shape, np.uint8)
    inside[border:-border, border:-border] = 1
    distance = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    share = np.clip(4 * distance / border, 0, 1)
    return np.rint(share * blurred + (1 - share) * patch).astype(np.uint8)


def _background(rng: np.random.Generator) -> Picture:
    """Return smooth grey noise: coarse blotches and fine grain around a random brightness."""
    level, grain = rng.uniform(40, 215), rng.uniform(0, 12)
    blotches = cv2.resize(rng.normal(0, 25, (8, 8)), (SCENE_EDGE, SCENE_EDGE), interpolation=cv2.INTER_CUBIC)
    noise = rng.normal(0, grain, (SCENE_EDGE, SCENE_EDGE))
    return np.clip(level + blotches + noise, 0, 255).astype(np.uint8)


def lies_on(box: Box, pasted: Box) -> bool:
    """Tell whether a box is the pasted face: centres near each other, and edges of like size."""
    apart = np.hypot(*np.subtract(_centre(box), _centre(pasted))) / pasted.width
    return bool(apart < 0.3 and 0.5 < box.width / pasted.width < 2)


def _centre(box: Box) -> tuple[float, float]:
    return box.x + box.width / 2, box.y + box.height / 2


def print_geometry(found: list[Found]) -> None:
    """Print how the box relates to FER2013's crop: quartiles in fractions of the box."""
    edge = np.array([max(one.box.width, one.box.height) for one in found])
    crop = np.array([one.pasted.width for one in found])
    shift = np.array([np.subtract(_centre(one.pasted), _centre(one.box)) for one in found]) / edge[:, np.newaxis]
    rows = {
        "margin that restores FER2013's crop": (crop / edge - 1) / 2,
        "its centre, right of the box's": shift[:, 0],
        "its centre, below the box's": shift[:, 1],
    }
    print("| fraction of the box | 25 % | median | 75 % |\n|---|---|---|---|")
    for name, values in rows.items():
        print(f"| {name} | " + " | ".join(f"{q:+.3f}" for q in np.quantile(values, [0.25, 0.5, 0.75])) + " |")
    print()


def print_margins(classifier: EmotionClassifier, faces: LabelledImages, found: list[Found], down: float) -> None:
    """Print accuracy and agreement by margin, on the faces that were found."""
    labels = faces.labels[[one.index for one in found]]
    crops = predict(classifier, [faces.images[one.index] for one in found])
    right = crops == labels
    print(
        "| margin | accuracy | lost against FER2013's crop, points (95 %) | same answer as for it |\n|---|---|---|---|"
    )
    print(f"| FER2013's crop | {right.mean():.1%} | | |")
    for margin in MARGINS:
        answers = predict(classifier, [crop(one, Framing(margin, down)) for one in found])
        drop, interval = paired_drop(right, answers == labels)
        print(
            f"| {margin:+.2f} | {(answers == labels).mean():.1%} | "
            f"{100 * drop:+.1f} ({interval.text('+.1f', times=100)}) | "
            f"{(answers == crops).mean():.1%} |"
        )


def crop(found: Found, framing: Framing) -> Picture:
    """Return what `FaceAnalyzer` shows the classifier of an upright face."""
    square = face_square(found.box, framing, *found.scene.shape)
    return found.scene[square.y : square.y + square.height, square.x : square.x + square.width]


def predict(classifier: EmotionClassifier, faces: list[Picture]) -> npt.NDArray[np.int64]:
    """Return the most probable class of each face."""
    return np.array([prediction.probabilities.argmax() for prediction in classifier.predict_batch(faces)], np.int64)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=None, help="FER2013; default: as fer-edge finds it")
    parser.add_argument("--model", default="edge_cnn_s", help="a .tflite file or a bundled name")
    parser.add_argument("--detector", default="yunet", help="see fer-edge predict --help")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
