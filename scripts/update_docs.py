"""Measure the bundled models and write the figures into README.md and docs/model-card.md: ``make docs``.

Needs FER2013 and the run folders. No figure in those pages is typed by hand.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import paper
from pages import Row, describe_host, markdown_table, replace_section
from variants import MODELS, bench_variants, fer_edge

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Measured:
    """One bundled network: the bench of its variants, its evaluation, its training record."""

    name: str
    report: dict[str, Any]
    public: dict[str, Any]
    record: dict[str, Any]


def main() -> int:
    """Measure, then update the pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, help="take the figures of this report, such as make docs-bench leaves")
    bench = parser.parse_args().bench
    if bench is None:
        bench = ROOT / "build/docs/bench.json"
        bench_variants(bench)
    report = json.loads(bench.read_text())
    if any(model["accuracy"] is None for model in report["models"]):
        sys.exit("The pages state accuracies: name FER2013 with FER_EDGE_DATA first")
    models, paper_run = [read_measured(name, report) for name in MODELS], paper.read_run()
    replace_section(ROOT / "README.md", "bench", bench_section(models, paper_run))
    replace_section(ROOT / "docs/model-card.md", "card", card_section(models, paper_run))
    shutil.copy(ROOT / f"runs/{MODELS[0]}/confusion.png", ROOT / "docs/images/confusion.png")
    for name in MODELS:
        shutil.copy(ROOT / f"runs/{name}/reliability.png", ROOT / "docs" / reliability_image(name))
    annotate_portrait(ROOT / "docs/images/astronaut.jpg")
    return 0


def read_measured(name: str, report: dict[str, Any]) -> Measured:
    """Return what a report of all variants and the run folder tell of one network."""
    own = [model for model in report["models"] if model["name"] == name]
    run = ROOT / "runs" / name
    metrics = json.loads((run / "metrics.json").read_text())
    return Measured(name, report | {"models": own}, metrics["public"], json.loads((run / "run.json").read_text()))


def bench_section(models: list[Measured], paper_run: paper.PaperRun | None) -> str:
    """Return the README's tables and the sentence on how they were measured."""
    return "\n\n".join(
        [
            accuracy_table(models, paper_run),
            variant_table(models),
            f"The first table: {accuracy_sentence(models)} The second: {variant_sentence(models)} "
            "Written by `make docs`.",
            *([paper_run.note()] if paper_run else []),
        ]
    )


def accuracy_table(models: list[Measured], paper_run: paper.PaperRun | None) -> str:
    """Return one row per network; the paper's as published, and as measured here where it was trained."""
    rows = [network_row(f"`{model.name}`", model.public, model.record) for model in models]
    published = ["the paper's network, as published", paper.ACCURACY, "", "", "", "", "about 2,100,000"]
    measured = (
        [network_row(f"the same, as measured here ({paper_run.epochs})", paper_run.public, paper_run.record)]
        if paper_run
        else []
    )
    header = ["network", "accuracy, % (95 %)", "unseen, %", "FER+, %", "macro-F1", "calibration error", "parameters"]
    return markdown_table(header, [*rows, published, *measured])


def network_row(title: str, public: dict[str, Any], record: dict[str, Any]) -> Row:
    """Return the cells of one network, from its run folder."""
    low, high = (100 * public["interval"][bound] for bound in ("low", "high"))
    return [
        title,
        f"**{100 * public['accuracy']:.2f}** ({low:.1f} to {high:.1f})",
        percent(public["accuracy_unseen"]),
        percent(public["accuracy_ferplus"]),
        f"{public['macro_f1']:.3f}",
        f"{public['reliability']['error']:.3f}",
        f"{record['parameters']:,}",
    ]


def percent(fraction: float | None) -> str:
    """Return a fraction in per cent; a run without FER+ votes has none for them."""
    return "not measured" if fraction is None else f"{100 * fraction:.2f}"


def accuracy_sentence(models: list[Measured]) -> str:
    """Return what the table of networks holds."""
    return (
        f"the Keras networks on FER2013's PublicTest ({models[0].public['images']:,} images, single crop). *Unseen* "
        "leaves out the test images that also stand in the training split; *FER+* compares with the majority of ten "
        "annotators instead of the challenge's labels."
    )


def variant_table(models: list[Measured]) -> str:
    """Return one row per file."""
    header = ["variant", "size, kB", "accuracy, %", "drop, points (95 %)", "agrees, %", "p50 / p90 / p99, ms", "MB"]
    return markdown_table(
        header, [variant_row(model.name, variant) for model in models for variant in model.report["models"]]
    )


def variant_sentence(models: list[Measured]) -> str:
    """Return how the table of files was measured."""
    report = models[0].report
    return (
        f"TFLite files on {describe_host(report['host'])}; one thread, batch 1, the whole `predict` of a 48x48 crop, "
        f"at least {report['settings']['min_samples']:,} runs and {report['settings']['min_seconds']:.0f} s each, "
        "the variants in turn; peak memory of the process."
    )


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


def card_section(models: list[Measured], paper_run: paper.PaperRun | None) -> str:
    """Return the model card's figures, each with the command that made it."""
    parts = [
        accuracy_table(models, paper_run),
        f"Above: {accuracy_sentence(models)} From `runs/NAME/metrics.json`, as `fer-edge train` wrote it; again with",
        shell("fer-edge evaluate models/NAME.keras --data fer2013.zip --split public --votes ferplus_votes.csv"),
        *([paper_run.note()] if paper_run else []),
        variant_table(models),
        f"Above: {variant_sentence(models)} Written by `make docs`, which runs",
        shell(
            "fer-edge convert models/NAME.keras --to float32 --data fer2013.zip",
            "fer-edge bench models/NAME.float32.tflite fer_edge/assets/NAME.*.tflite --data fer2013.zip",
        ),
    ]
    for model in models:
        command = shell(f"fer-edge evaluate models/{model.name}.keras --data fer2013.zip --split public --out figures")
        parts += [
            f"### {model.name}",
            "Per class, PublicTest:",
            class_table(model.public),
            f'<img src="{reliability_image(model.name)}" width="400" alt="Reliability diagram of {model.name}: '
            'how often its answers are right, by their score">',
            "How often an answer is right, by its score (copied from the run). Table and diagram:",
            command,
            training_sentence(model),
        ]
    return "\n\n".join(parts)


def shell(*commands: str) -> str:
    """Return commands as a block of Markdown."""
    return "\n".join(["```sh", *commands, "```"])


def reliability_image(name: str) -> str:
    """Return where the reliability diagram of a network lies, as seen from the model card."""
    return f"images/reliability_{name}.png"


def class_table(public: dict[str, Any]) -> str:
    """Return precision, recall and F1 of each class, beside the paper's F1."""
    rows = []
    for name, score in public["per_class"].items():
        ratios = [f"{score[key]:.3f}" for key in ("precision", "recall", "f1")]
        rows.append([name, *ratios, f"{paper.F1[name]:.2f}", f"{score['images']:,}"])
    return markdown_table(["class", "precision", "recall", "F1", "F1 of the paper, as published", "images"], rows)


def training_sentence(model: Measured) -> str:
    """Return how the network was trained, from its own record."""
    record, recipe = model.record, model.record["recipe"]
    teacher = f", teachers {', '.join(recipe['teacher'])}" if recipe.get("teacher") else ""
    start = starting_point(recipe.get("initial") or [])
    return (
        f"Training: {record['epochs_trained']} epochs{start} in {record['seconds'] / 60:.0f} minutes, seed "
        f"{record['seed']}, labels '{recipe['labels']}'{teacher}, TensorFlow {record['versions']['tensorflow']}, Keras "
        f"{record['versions']['keras']}; training data SHA-256 `{record['data_sha256']['train'][:16]}...`. "
        f"{recipe['holdout']:.0%} of the training split was held out for monitoring and for the temperature "
        f"({record['temperature']:.3f}, folded into the last layer). No epoch, weight or temperature was "
        "chosen on PublicTest, but the runs were compared on it before these "
        "were bundled, so its figures flatter a little; PrivateTest was never seen."
    )


def starting_point(initial: str | list[str]) -> str:
    """Return which weights training began with; records from before networks could be averaged name one."""
    names = [initial] if isinstance(initial, str) else initial
    if len(names) > 1:
        return f" from the average of {' and '.join(names)} on"
    return f" from {names[0]} on" if names else ""


def annotate_portrait(target: Path) -> None:
    """Write scikit-image's public-domain NASA portrait with the bundled model's answer on it."""
    import cv2
    from skimage.data import astronaut

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "astronaut.png"
        cv2.imwrite(str(source), cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR))
        fer_edge("predict", str(source), "--out", str(target), "--force")


if __name__ == "__main__":
    sys.exit(main())
