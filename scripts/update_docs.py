"""Write the measured figures into README.md and docs/model-card.md: ``make docs``.

Reads the report of ``make demo`` and the metrics of the bundled model's training run; no figure in
those pages is typed by hand.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "build/demo/report.json"
RUN = ROOT / "runs/edge_cnn"
PAPER_F1 = {
    "angry": 0.49,
    "disgust": 0.30,
    "fear": 0.40,
    "happy": 0.84,
    "neutral": 0.59,
    "sad": 0.55,
    "surprise": 0.79,
}
Row = list[str]


def main() -> int:
    """Update the pages; fail when a result is missing or was not measured on FER2013."""
    report = json.loads(REPORT.read_text())
    metrics = json.loads((RUN / "metrics.json").read_text())
    record = json.loads((RUN / "run.json").read_text())
    if any(model["accuracy"] is None for model in report["models"]):
        sys.exit(f"{REPORT} holds no accuracy: run 'make demo' with FER2013 first")
    replace_section(ROOT / "README.md", "bench", bench_section(report, metrics["public"], record))
    replace_section(ROOT / "docs/model-card.md", "card", card_section(report, metrics["public"], record))
    shutil.copy(RUN / "confusion.png", ROOT / "docs/images/confusion.png")
    annotate_portrait(ROOT / "docs/images/astronaut.jpg")
    return 0


def bench_section(report: dict[str, Any], public: dict[str, Any], record: dict[str, Any]) -> str:
    """Return the README's table and the sentences around it."""
    low, high = (100 * public["interval"][bound] for bound in ("low", "high"))
    return "\n\n".join(
        [
            f"`edge_cnn` ({record['parameters']:,} parameters) on FER2013's PublicTest, "
            f"{public['images']:,} images: **{public['accuracy']:.2%}** (95 % interval {low:.1f} to {high:.1f}), "
            f"macro-F1 {public['macro_f1']:.3f}; {public['accuracy_unseen']:.2%} on the {public['images_unseen']:,} "
            f"images that do not also stand in the training split; {public['accuracy_ferplus']:.2%} against the "
            "majority of ten FER+ annotators; calibration error "
            f"{public['reliability']['error']:.3f}. The paper's network, as published: 66.17 %, "
            "about 2.1 M parameters, 2.3 ms on hardware it does not name.",
            variants_table(report),
            f"Measured by `make demo` on {describe_host(report['host'])}; one thread, batch 1, "
            f"{len(report['models'][0]['latency'][0]['predict_ms']):,} runs each, the whole `predict` of a "
            "48x48 crop. Written by `make docs`.",
        ]
    )


def card_section(report: dict[str, Any], public: dict[str, Any], record: dict[str, Any]) -> str:
    """Return the model card's figures: overall, per class beside the paper's, and cost."""
    rows = [
        [
            name,
            f"{score['precision']:.3f}",
            f"{score['recall']:.3f}",
            f"{score['f1']:.3f}",
            f"{PAPER_F1[name]:.2f}",
            f"{score['images']:,}",
        ]
        for name, score in public["per_class"].items()
    ]
    recipe = record["recipe"]
    return "\n\n".join(
        [
            bench_section(report, public, record),
            "Per class, PublicTest (from `metrics.json` of the training run):",
            markdown_table(["class", "precision", "recall", "F1", "F1 of the paper, as published", "images"], rows),
            f"Training: {record['epochs_trained']} epochs in {record['seconds'] / 60:.0f} minutes on two cores, seed "
            f"{record['seed']}, labels '{recipe['labels']}', TensorFlow {record['versions']['tensorflow']}, Keras "
            f"{record['versions']['keras']}; training data SHA-256 `{record['data_sha256']['train'][:16]}...`. "
            f"{recipe['holdout']:.0%} of the training split was held out for monitoring; PublicTest chose nothing.",
        ]
    )


def variants_table(report: dict[str, Any]) -> str:
    """Return one row per variant."""
    rows = [variant_row(model) for model in report["models"]]
    header = [
        "variant",
        "size, kB",
        "accuracy, %",
        "drop, points (95 %)",
        "agrees, %",
        "p50 / p90 / p99, ms",
        "peak MB",
    ]
    return markdown_table(header, rows)


def variant_row(model: dict[str, Any]) -> Row:
    """Return the cells of one variant."""
    accuracy, latency = model["accuracy"], model["latency"][0]
    share = latency["predict_percentiles_ms"]
    drop = "baseline"
    if accuracy["drop"] is not None:
        bounds = accuracy["drop_interval"]
        drop = f"{100 * accuracy['drop']:+.2f} ({100 * bounds['low']:+.2f} to {100 * bounds['high']:+.2f})"
    return [
        model["recipe"],
        f"{model['file_bytes'] / 1000:,.0f}",
        f"{100 * accuracy['accuracy']:.2f}",
        drop,
        "" if model["agreement"] is None else f"{100 * model['agreement']:.2f}",
        f"{share['p50']:.3f} / {share['p90']:.3f} / {share['p99']:.3f}",
        f"{latency['peak_memory_mb']:.0f}",
    ]


def describe_host(host: dict[str, Any]) -> str:
    """Return the device in a few words."""
    litert = host["versions"].get("ai-edge-litert", "?")
    return f"{host.get('board') or host.get('cpu')} ({host['architecture']}, ai-edge-litert {litert})"


def markdown_table(header: Row, rows: list[Row]) -> str:
    """Return a table with its first column left and the others right aligned."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def replace_section(page: Path, name: str, text: str) -> None:
    """Replace what stands between the page's begin and end marks of that name."""
    pattern = re.compile(rf"(<!-- begin:{name} -->\n).*?(<!-- end:{name} -->)", re.DOTALL)
    content, count = pattern.subn(lambda match: f"{match[1]}{text}\n{match[2]}", page.read_text("utf-8"))
    if count != 1:
        sys.exit(f"{page} has no section '{name}'")
    page.write_text(content, "utf-8")


def annotate_portrait(target: Path) -> None:
    """Write scikit-image's public-domain NASA portrait with the bundled model's answer on it."""
    import tempfile

    import cv2
    from skimage.data import astronaut

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "astronaut.png"
        cv2.imwrite(str(source), cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR))
        command = [sys.executable, "-m", "fer_edge", "predict", str(source), "--out", str(target), "--force"]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main())
