"""Write docs/faces.md from what tools/faces measured, and draw its pictures.

python -m tools.faces.collect build/faces/photos
python -m tools.faces.detection build/faces/photos --blazeface FILE.tflite ... --json build/faces/detection.json
python -m tools.faces.reading --json build/faces/reading.json
python -m tools.pages.update_faces
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.evaluation.metrics import paired_drop
from tools.pages.markdown import markdown_table, replace_section

ROOT = Path(__file__).parents[2]
BUILD, PAGE, README = ROOT / "build/faces", ROOT / "docs/faces.md", ROOT / "README.md"
AS_IT_IS, STREAM, STILL = "Haar, as it is", "whole frame of a stream", "whole picture"
ROLLS = ((0, 5), (5, 10), (10, 15), (15, math.inf))
TURNS = ((0, 0.1), (0.1, 0.2), (0.2, 0.3), (0.3, math.inf))


def main() -> int:
    """Write every section."""
    detection = json.loads((BUILD / "detection.json").read_text())
    reading = json.loads((BUILD / "reading.json").read_text())
    replace_section(PAGE, "recall", recall_section(detection))
    replace_section(PAGE, "times", times_section(detection))
    replace_section(PAGE, "stream", stream_section(detection))
    replace_section(PAGE, "framing", framing_section(reading))
    replace_section(PAGE, "roll", roll_section(reading))
    replace_section(PAGE, "turn", turn_section(reading))
    replace_section(README, "faces", readme_sentence(detection))
    return 0


def recall_section(figures: dict[str, Any]) -> str:
    """Return how many faces each detector finds."""
    rows = []
    for name, row in figures["recall"].items():
        share = 100 * row["found"] / row["faces"]
        rows.append([name, f"{share:.1f}", f"{row['found']} of {row['faces']}", str(row["false"])])
    first = next(iter(figures["recall"].values()))
    table = markdown_table(["detector", "recall, %", "faces found", "false alarms"], rows)
    return (
        f"{table}\n\n{first['pictures']} pictures, most of them without a face, at most 640 pixels; faces of 48 pixels "
        f"and more. OpenCV {figures['opencv']}. Written by `make docs-faces`."
    )


def times_section(figures: dict[str, Any]) -> str:
    """Return what each detector takes."""
    frames = list(figures["times"])
    names = list(figures["times"][frames[0]])
    rows = [[name, *(f"{figures['times'][frame][name]:.3f}" for frame in frames)] for name in names]
    return markdown_table(["", *(f"{frame} face{'s' * (not frame.endswith(' 1'))}" for frame in frames)], rows)


def stream_section(figures: dict[str, Any]) -> str:
    """Return how many faces are found again."""
    parts = [
        f"{name}: {row['again']:,} of {row['faces']:,} ({100 * row['again'] / row['faces']:.1f} %)"
        for name, row in (("YuNet", figures["stream"]["yunet"]), ("Haar", figures["stream"]["haar"]))
    ]
    return f"Faces of a whole search that are found near their last place: {'; '.join(parts)}."


def framing_section(figures: dict[str, Any]) -> str:
    """Return how YuNet's box lies to FER2013's crop, and accuracy by margin."""
    faces = figures["faces"]
    quartiles = {
        "margin that restores FER2013's crop": [face["margin"] for face in faces],
        "its middle, below the box's": [face["down"] for face in faces],
    }
    rows = [
        [name, *(f"{q:+.3f}" for q in np.quantile(values, [0.25, 0.5, 0.75]))] for name, values in quartiles.items()
    ]
    geometry = markdown_table(["fraction of the box's longer side", "25 %", "median", "75 %"], rows)
    crops = [name for name in faces[0]["answers"]["edge_cnn_s"] if name.startswith(("margin", "FER"))]
    rows = [[crop, *(f"{100 * right(faces, model, crop).mean():.1f}" for model in models(faces))] for crop in crops]
    accuracy = markdown_table(["crop", *(f"`{model}`, %" for model in models(faces))], rows)
    return f"YuNet found {len(faces):,} of {figures['images']:,} faces.\n\n{geometry}\n\n{accuracy}"


def roll_section(figures: dict[str, Any]) -> str:
    """Return accuracy by how far a head leans, cut straight and turned upright."""

    def row(faces: list[dict[str, Any]], model: str) -> list[str]:
        straight, upright = right(faces, model, "straight"), right(faces, model, "upright")
        drop, interval = paired_drop(upright, straight)
        return [
            f"{100 * straight.mean():.1f}",
            f"{100 * upright.mean():.1f}",
            f"{100 * drop:+.1f} ({100 * interval.low:+.1f} to {100 * interval.high:+.1f})",
        ]

    header = ["straight, %", "upright, %", "gained, points (95 %)"]
    return by_bins(figures["faces"], "roll", bins=ROLLS, header=header, row=row, unit="degrees")


def turn_section(figures: dict[str, Any]) -> str:
    """Return accuracy by how far a head is turned."""

    def row(faces: list[dict[str, Any]], model: str) -> list[str]:
        return [f"{100 * right(faces, model, 'straight').mean():.1f}"]

    return by_bins(figures["faces"], "turn", bins=TURNS, header=["accuracy, %"], row=row, unit="eye distances")


def by_bins(
    faces: list[dict[str, Any]],
    what: str,
    *,
    bins: tuple[tuple[float, float], ...],
    header: list[str],
    row: Callable[[list[dict[str, Any]], str], list[str]],
    unit: str,
) -> str:
    """Return a table with a line for each range and network."""
    rows = []
    for low, high in bins:
        chosen = [face for face in faces if low <= abs(face[what]) < high]
        words = f"{low:g} to {high:g}" if math.isfinite(high) else f"over {low:g}"
        rows += [[words, str(len(chosen)), f"`{model}`", *row(chosen, model)] for model in models(faces)]
    return markdown_table([f"{what}, {unit}", "faces", "network", *header], rows)


def models(faces: list[dict[str, Any]]) -> list[str]:
    """Return the networks that were asked."""
    return list(faces[0]["answers"])


def right(faces: list[dict[str, Any]], model: str, crop: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which faces a network names rightly in a crop."""
    return np.array([face["answers"][model][crop] == face["label"] for face in faces], bool)


def readme_sentence(figures: dict[str, Any]) -> str:
    """Return what finding faces costs, in a sentence or two."""
    recall, times = figures["recall"], figures["times"]
    shares = [100 * recall[name]["found"] / recall[name]["faces"] for name in ("YuNet, pictures", "Haar")]
    false = [recall[name]["false"] for name in ("YuNet, pictures", "Haar")]
    alarms = f"{false[0]} false alarm{'s' * (false[0] != 1)}"
    return (
        f"Finding a face takes longer than reading it. YuNet finds {shares[0]:.0f} % of the faces in {first(recall)} "
        f"pictures with {alarms}, OpenCV's cascade {shares[1]:.0f} % with {false[1]}. "
        f"A 640x480 picture with one face takes {times['640x480, 1'][STILL]:.2f} of the cascade's time, a frame of a "
        f"stream that follows the face {times['640x480, 1'][STREAM]:.2f}, and one of 1920x1080 "
        f"{times['1920x1080, 1'][STREAM]:.3f} ([finding faces](docs/faces.md))."
    )


def first(recall: dict[str, Any]) -> int:
    """Return on how many pictures recall was measured."""
    return int(next(iter(recall.values()))["pictures"])


if __name__ == "__main__":
    sys.exit(main())
