"""Measure the bundled models and write the figures of README.md and docs/model-card.md: ``make docs``.

Needs FER2013 and the run folders. No figure in those pages is typed by hand.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tools.pages import paper
from tools.pages.markdown import Row, describe_host, markdown_table, replace_section
from tools.pages.variants import MODELS, bench_variants, fer_edge, fer_edge_says

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Measured:
    """One bundled network.

    Attributes:
        name: of the network.
        report: the bench of its variants.
        public: its evaluation on PublicTest.
        holdout: its evaluation on the held-out images of the training split.
        record: of its training.
        consistency: of its int8 file on PublicTest.
    """

    name: str
    report: dict[str, Any]
    public: dict[str, Any]
    holdout: dict[str, Any]
    record: dict[str, Any]
    consistency: dict[str, float]


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
        sys.exit("The pages state accuracies: set FER_EDGE_DATA to a copy of FER2013 first")
    models, paper_run = [read_measured(name, report) for name in MODELS], paper.read_run()
    replace_section(ROOT / "README.md", "bench", bench_section(models))
    replace_section(ROOT / "docs/model-card.md", "card", card_section(models, paper_run))
    annotate_portrait(ROOT / "docs/images/astronaut.jpg")
    return 0


def read_measured(name: str, report: dict[str, Any]) -> Measured:
    """Return what a report of all variants and the run folder tell of one network."""
    own = [model for model in report["models"] if model["name"] == name]
    run = ROOT / "runs" / name
    metrics = json.loads((run / "metrics.json").read_text())
    record = json.loads((run / "run.json").read_text())
    evaluated = json.loads(fer_edge_says("evaluate", name, "--split", "public", "--consistency", "--json"))
    return Measured(
        name, report | {"models": own}, metrics["public"], metrics["holdout"], record, evaluated["consistency"]
    )


def bench_section(models: list[Measured]) -> str:
    """Return the README's only table and how its figures came about."""
    header = ["network", "held out, %", "PublicTest, % (95 %)", "int8 on PublicTest, %", "int8, kB", "int8, ms"]
    table = markdown_table([*header, "parameters"], [readme_row(model) for model in models])
    report, public = models[0].report, models[0].public
    return "\n\n".join(
        [
            table,
            f"FER2013, single crop. *Held out*: {models[0].holdout['images']:,} images of the training split that no "
            f"training step saw. *PublicTest*: {public['images']:,} images. No epoch or weight was chosen on "
            "PublicTest, but we looked at it when we chose which runs to bundle, so its figures flatter a little. Of "
            f"its images, {public['images'] - public['images_unseen']:,} also appear in the training split; the "
            "[model card](docs/model-card.md) gives the accuracy without them.",
            f"*int8, ms*: the median `predict` of a 48x48 crop on {describe_host(report['host'])}, one thread. "
            "Written by `make docs`.",
        ]
    )


def readme_row(model: Measured) -> Row:
    """Return the cells of one network: the Keras network, then its int8 file."""
    low, high = (100 * model.public["interval"][bound] for bound in ("low", "high"))
    int8 = next(variant for variant in model.report["models"] if variant["recipe"] == "int8")
    return [
        f"`{model.name}`",
        percent(model.holdout["accuracy"]),
        f"**{percent(model.public['accuracy'])}** ({low:.1f} to {high:.1f})",
        percent(int8["accuracy"]["top1"]),
        f"{int8['file_bytes'] / 1000:,.0f}",
        f"{predict_times(int8)['p50']:.3f}",
        f"{model.record['parameters']:,}",
    ]


def accuracy_table(models: list[Measured], paper_run: paper.PaperRun | None) -> str:
    """Return one row per network; the paper's as published, and as measured here where it was trained."""
    rows = [network_row(f"`{model.name}`", model.public, model.record) for model in models]
    published = ["the paper's network, as published", paper.ACCURACY, "", "", "", "", "about 2,100,000"]
    measured = (
        [network_row(f"the same, as measured here ({paper_run.epochs})", paper_run.public, paper_run.record)]
        if paper_run
        else []
    )
    header = ["network", "accuracy, % (95 %)", "unseen, %", "FER+, %", "macro-F1", "reliability error", "parameters"]
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
        "leaves out the test images that also appear in the training split. *FER+* compares with the majority of ten "
        "annotators instead of the challenge's labels."
    )


def variant_table(models: list[Measured]) -> str:
    """Return one row per file."""
    header = ["variant", "size, kB", "accuracy, %", "drop, points (95 %)", "agrees, %", "p50 / p90 / p99, ms", "MB"]
    return markdown_table(
        header, [variant_row(model.name, variant) for model in models for variant in model.report["models"]]
    )


def steadiness_table(models: list[Measured]) -> str:
    """Return how often each bundled int8 file keeps its answer when a face of PublicTest is framed otherwise."""
    rows = [
        [f"{model.name} int8", percent(model.consistency["shifted"]), percent(model.consistency["scaled"])]
        for model in models
    ]
    return markdown_table(["variant", "moved by 2 pixels: same, %", "5 % smaller or larger: same, %"], rows)


def variant_sentence(models: list[Measured]) -> str:
    """Return how the table of files was measured."""
    report = models[0].report
    return (
        f"the TFLite files on {describe_host(report['host'])}, one thread, batch 1. Times are of the whole `predict` "
        f"of a 48x48 crop, at least {report['settings']['min_samples']:,} runs and "
        f"{report['settings']['min_seconds']:.0f} s each, with the variants taking turns. MB is the peak "
        "memory of the process."
    )


def variant_row(name: str, model: dict[str, Any]) -> Row:
    """Return the cells of one variant."""
    accuracy, drop_found = model["accuracy"], model["accuracy"]["drop"]
    times = predict_times(model)
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
        f"{times['p50']:.3f} / {times['p90']:.3f} / {times['p99']:.3f}",
        f"{median(start['peak_memory_mb'] for start in model['starts']):.0f}",
    ]


def predict_times(model: dict[str, Any]) -> dict[str, float]:
    """Return the percentiles of one variant's `predict` of a crop, in ms."""
    summary: dict[str, float] = next(entry["summary_ms"] for entry in model["latency"] if entry["task"] == "predict")
    return summary


def card_section(models: list[Measured], paper_run: paper.PaperRun | None) -> str:
    """Return the model card's figures, each with the command that made it."""
    parts = [
        accuracy_table(models, paper_run),
        f"Above: {accuracy_sentence(models)} The figures are those that `fer-edge train` wrote to "
        "`runs/NAME/metrics.json`. To measure them again:",
        shell("fer-edge evaluate models/NAME.keras --data fer2013.zip --split public --votes ferplus_votes.csv"),
        *([paper_run.note()] if paper_run else []),
        variant_table(models),
        f"Above: {variant_sentence(models)} Written by `make docs`, which runs:",
        shell(
            "fer-edge convert models/NAME.keras --to float32 --data fer2013.zip",
            "fer-edge bench models/NAME.float32.tflite fer_edge/assets/NAME.*.tflite --data fer2013.zip",
        ),
        "A detector never frames a face quite as FER2013 does. How often the answer stays:",
        steadiness_table(models),
        shell("fer-edge evaluate NAME --data fer2013.zip --consistency"),
    ]
    for model in models:
        command = shell(f"fer-edge evaluate models/{model.name}.keras --data fer2013.zip --split public --out figures")
        parts += [
            f"### {model.name}",
            "Per class, PublicTest:",
            class_table(model.public),
            *([confusion_image(model.name)] if model.name == MODELS[0] else []),
            f'<img src="{reliability_image(model.name)}" width="400" alt="Reliability diagram of {model.name}: '
            'how often its answers are right, by their score">',
            "The diagram shows how often an answer is right, by its score. To make table and diagram again:",
            command,
            training_sentence(model),
        ]
    return "\n\n".join(parts)


def shell(*commands: str) -> str:
    """Return commands as a block of Markdown."""
    return "\n".join(["```sh", *commands, "```"])


def confusion_image(name: str) -> str:
    """Return the confusion matrix of a network as HTML, as seen from the model card."""
    return f'<img src="../runs/{name}/confusion.png" width="400" alt="Confusion matrix of {name} on PublicTest">'


def reliability_image(name: str) -> str:
    """Return where the reliability diagram of a network lies, as seen from the model card."""
    return f"../runs/{name}/reliability.png"


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
        f"Training: {record['epochs_trained']} epochs{start}, {record['seconds'] / 60:.0f} minutes, seed "
        f"{record['seed']}, labels '{recipe['labels']}'{teacher}, TensorFlow {record['versions']['tensorflow']}, Keras "
        f"{record['versions']['keras']}; training data SHA-256 `{record['data_sha256']['train'][:16]}...`. "
        f"We held out {recipe['holdout']:.0%} of the training split for monitoring and for the temperature "
        f"({record['temperature']:.3f}, folded into the last layer). {batch_norm_sentence(recipe)}No epoch, "
        "weight or temperature was chosen on PublicTest. But we compared the runs on it before we chose which to "
        "bundle, so its figures flatter a little. "
        "PrivateTest was never used."
    )


def batch_norm_sentence(recipe: dict[str, Any]) -> str:
    """Return what the run's end did to batch norm; older records do not know the field."""
    if not recipe.get("clean_batch_norm"):
        return ""
    return "Its batch norm was then re-estimated on clean training images. "


def starting_point(initial: str | list[str]) -> str:
    """Return which weights training began with; records from before networks could be averaged name one."""
    names = [initial] if isinstance(initial, str) else initial
    if len(names) > 1:
        return f", starting from the average of {' and '.join(names)}"
    return f", starting from {names[0]}" if names else ""


def annotate_portrait(target: Path) -> None:
    """Write scikit-image's public-domain NASA portrait with the bundled model's answer on it."""
    import cv2
    from skimage.data import astronaut

    with tempfile.TemporaryDirectory() as folder:
        source, drawn = Path(folder) / "astronaut.png", Path(folder) / "drawn.png"
        cv2.imwrite(str(source), cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR))
        fer_edge("predict", str(source), "--out", str(drawn))
        cv2.imwrite(str(target), cv2.imread(str(drawn)), [cv2.IMWRITE_JPEG_QUALITY, 80])  # the repository stays small


if __name__ == "__main__":
    sys.exit(main())
