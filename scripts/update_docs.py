"""Measure the bundled models and write the figures into README.md and docs/model-card.md: ``make docs``.

Needs FER2013 and the run folders. No figure in those pages is typed by hand.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from pages import Row, describe_host, markdown_table, replace_section

ROOT = Path(__file__).parent.parent
MODELS = ("edge_cnn_s", "edge_cnn_m")
"""The bundled networks, the default first."""

# F1 per class and the other figures of the paper, as its README publishes them.
PAPER_F1 = {
    "angry": 0.49,
    "disgust": 0.30,
    "fear": 0.40,
    "happy": 0.84,
    "neutral": 0.59,
    "sad": 0.55,
    "surprise": 0.79,
}
PAPER = ["the paper's network, as published", "66.17 (validation)", "", "", "", "", "about 2,100,000"]


@dataclass(frozen=True)
class Measured:
    """One bundled network: the bench of its variants, its evaluation, its training record."""

    name: str
    report: dict[str, Any]
    public: dict[str, Any]
    record: dict[str, Any]


def main() -> int:
    """Measure, then update the pages."""
    models = [measure(name) for name in MODELS]
    replace_section(ROOT / "README.md", "bench", bench_section(models))
    replace_section(ROOT / "docs/model-card.md", "card", card_section(models))
    shutil.copy(ROOT / f"runs/{MODELS[0]}/confusion.png", ROOT / "docs/images/confusion.png")
    annotate_portrait(ROOT / "docs/images/astronaut.jpg")
    return 0


def measure(name: str) -> Measured:
    """Convert and bench one network on FER2013, and read its run folder."""
    folder = ROOT / "build/docs" / name
    recipes = ("float32", "float16", "int8")
    wanted = [option for recipe in recipes for option in ("--to", recipe)]
    fer_edge(
        "convert", str(ROOT / f"models/{name}.keras"), *wanted, "--out", str(folder), "--max-drop", "100", "--force"
    )
    files = [str(folder / f"{name}.{recipe}.tflite") for recipe in recipes]
    fer_edge("bench", *files, "--json", str(folder / "report.json"), "--force")
    report = json.loads((folder / "report.json").read_text())
    if any(model["accuracy"] is None for model in report["models"]):
        sys.exit("The pages state accuracies: name FER2013 with FER_EDGE_DATA first")
    run = ROOT / "runs" / name
    metrics = json.loads((run / "metrics.json").read_text())
    return Measured(name, report, metrics["public"], json.loads((run / "run.json").read_text()))


def bench_section(models: list[Measured]) -> str:
    """Return the README's tables and the sentence on how they were measured."""
    report = models[0].report
    return "\n\n".join(
        [
            accuracy_table(models),
            markdown_table(
                ["variant", "size, kB", "accuracy, %", "drop, points (95 %)", "agrees, %", "p50 / p90 / p99, ms", "MB"],
                [variant_row(model.name, variant) for model in models for variant in model.report["models"]],
            ),
            f"The first table: the Keras networks on FER2013's PublicTest ({models[0].public['images']:,} images, "
            "single crop). *Unseen* leaves out the test images that also stand in the training split; *FER+* compares "
            "with the majority of ten annotators instead of the challenge's labels. The second: TFLite files on "
            f"{describe_host(report['host'])}; one thread, batch 1, the whole `predict` of a 48x48 crop, "
            f"at least {report['settings']['min_samples']:,} runs and {report['settings']['min_seconds']:.0f} s each, "
            "the variants in turn; peak memory of the process. "
            "Written by `make docs`.",
        ]
    )


def accuracy_table(models: list[Measured]) -> str:
    """Return one row per network, and the paper's figures apart."""
    rows = []
    for model in models:
        low, high = (100 * model.public["interval"][bound] for bound in ("low", "high"))
        rows.append(
            [
                f"`{model.name}`",
                f"**{100 * model.public['accuracy']:.2f}** ({low:.1f} to {high:.1f})",
                f"{100 * model.public['accuracy_unseen']:.2f}",
                f"{100 * model.public['accuracy_ferplus']:.2f}",
                f"{model.public['macro_f1']:.3f}",
                f"{model.public['reliability']['error']:.3f}",
                f"{model.record['parameters']:,}",
            ]
        )
    header = ["network", "accuracy, % (95 %)", "unseen, %", "FER+, %", "macro-F1", "calibration error", "parameters"]
    return markdown_table(header, [*rows, PAPER])


def variant_row(name: str, model: dict[str, Any]) -> Row:
    """Return the cells of one variant."""
    accuracy, drop_found = model["accuracy"], model["accuracy"]["drop"]
    share = next(entry["summary_ms"] for entry in model["latency"] if entry["task"] == "predict")
    drop = "baseline"
    if drop_found is not None:
        bounds = drop_found["interval"]
        drop = f"{100 * drop_found['value']:+.2f} ({100 * bounds['low']:+.2f} to {100 * bounds['high']:+.2f})"
    return [
        f"{name} {model['recipe']}",
        f"{model['file_bytes'] / 1000:,.0f}",
        f"{100 * accuracy['top1']:.2f}",
        drop,
        "" if model["agreement"] is None else f"{100 * model['agreement']:.2f}",
        f"{share['p50']:.3f} / {share['p90']:.3f} / {share['p99']:.3f}",
        f"{median(start['peak_memory_mb'] for start in model['starts']):.0f}",
    ]


def card_section(models: list[Measured]) -> str:
    """Return the model card's figures: overall, per class beside the paper's, and how they were trained."""
    parts = [bench_section(models)]
    for model in models:
        parts += [
            f"`{model.name}` per class, PublicTest (from `runs/{model.name}/metrics.json`):",
            class_table(model.public),
            training_sentence(model),
        ]
    return "\n\n".join(parts)


def class_table(public: dict[str, Any]) -> str:
    """Return precision, recall and F1 of each class, beside the paper's F1."""
    rows = []
    for name, score in public["per_class"].items():
        ratios = [f"{score[key]:.3f}" for key in ("precision", "recall", "f1")]
        rows.append([name, *ratios, f"{PAPER_F1[name]:.2f}", f"{score['images']:,}"])
    return markdown_table(["class", "precision", "recall", "F1", "F1 of the paper, as published", "images"], rows)


def training_sentence(model: Measured) -> str:
    """Return how the network was trained, from its own record."""
    record, recipe = model.record, model.record["recipe"]
    teacher = f", teachers {', '.join(recipe['teacher'])}" if recipe.get("teacher") else ""
    start = f" from {recipe['initial']} on" if recipe.get("initial") else ""
    return (
        f"Training: {record['epochs_trained']} epochs{start} in {record['seconds'] / 60:.0f} minutes, seed "
        f"{record['seed']}, labels '{recipe['labels']}'{teacher}, TensorFlow {record['versions']['tensorflow']}, Keras "
        f"{record['versions']['keras']}; training data SHA-256 `{record['data_sha256']['train'][:16]}...`. "
        f"{recipe['holdout']:.0%} of the training split was held out for monitoring and for the temperature "
        f"({record['temperature']:.3f}, folded into the last layer). No epoch, weight or temperature was "
        "chosen on PublicTest, but the runs were compared on it before these "
        "were bundled, so its figures flatter a little; PrivateTest was never seen."
    )


def annotate_portrait(target: Path) -> None:
    """Write scikit-image's public-domain NASA portrait with the bundled model's answer on it."""
    import cv2
    from skimage.data import astronaut

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "astronaut.png"
        cv2.imwrite(str(source), cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR))
        fer_edge("predict", str(source), "--out", str(target), "--force")


def fer_edge(*arguments: str) -> None:
    """Run the command line of this very environment."""
    subprocess.run([sys.executable, "-m", "fer_edge", *arguments], check=True)


if __name__ == "__main__":
    sys.exit(main())
