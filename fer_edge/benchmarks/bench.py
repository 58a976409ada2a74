"""One benchmark: several models, one baseline, one device, one report."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.benchmarks.accuracy import Accuracy, agreement, measure_accuracy, predict_probabilities
from fer_edge.benchmarks.host import describe_host
from fer_edge.benchmarks.latency import LatencySamples, instability, measure_latency, percentiles
from fer_edge.runtime.metadata import read_model
from fer_edge.types import LabelledImages

Notify = Callable[[str], None]


@dataclass(frozen=True)
class ModelResult:
    """Everything measured about one model file.

    Attributes:
        path: the file.
        recipe: float32, float16 or int8.
        calibration: what the integer model was calibrated on, or None.
        file_bytes: its size.
        sha256: of the whole file.
        accuracy: None without labelled images.
        agreement: share of faces on which it names the baseline's emotion; None for the baseline,
            or without faces.
        latency: one entry per thread count.
    """

    path: str
    recipe: str
    calibration: str | None
    file_bytes: int
    sha256: str
    accuracy: Accuracy | None
    agreement: float | None
    latency: list[LatencySamples]


@dataclass(frozen=True)
class BenchReport:
    """The result of one benchmark.

    Attributes:
        date: ISO 8601, UTC.
        baseline: path of the model that the others are compared with.
        faces: what accuracy or agreement was measured on, in words.
        models: in the order given, the baseline first.
        host: see `describe_host`.
        warnings: what makes the figures less trustworthy.
    """

    date: str
    baseline: str
    faces: str
    models: list[ModelResult]
    host: dict[str, Any]
    warnings: list[str]

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values: raw samples, and their percentiles beside them."""
        content = {"format": "fer-edge-bench", "format_version": 1, **asdict(self)}
        for model in content["models"]:
            for entry in model["latency"]:
                for name in ("predict", "invoke"):
                    entry[f"{name}_percentiles_ms"] = asdict(percentiles(entry[f"{name}_ms"]))
        return content


def run_bench(
    models: list[Path],
    *,
    baseline: Path | None,
    faces: LabelledImages | npt.NDArray[np.uint8] | None,
    faces_name: str,
    threads: list[int],
    samples: int,
    notify: Notify,
) -> BenchReport:
    """Measure each model; see `ModelResult` for what.

    Args:
        models: .tflite files.
        baseline: what the others are compared with; by default the first float32 file, else the
            first file.
        faces: labelled images for accuracy, bare crops for agreement only, or None for latency only.
        faces_name: `faces` in words, for the report.
        threads: interpreter thread counts.
        samples: timed runs per model and thread count.
        notify: called with a line before each slow step.

    Raises:
        ModelError: a file is missing, damaged or of another contract.
    """
    ordered = _baseline_first(models, baseline)
    crops = faces.images if isinstance(faces, LabelledImages) else faces
    host = describe_host()
    reference: npt.NDArray[np.int64] | None = None
    results = []
    for path in ordered:
        answers = None
        if crops is not None:
            notify(f"{path.name}: predicting {len(crops):,} faces")
            answers = predict_probabilities(path, crops)
        notify(f"{path.name}: timing")
        latency = [measure_latency(path, threads=count, samples=samples, faces=crops) for count in threads]
        results.append(_result(path, faces, answers, reference, latency))
        if reference is None and answers is not None:
            reference = answers.argmax(axis=1)
    return BenchReport(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        baseline=str(ordered[0]),
        faces=faces_name,
        models=results,
        host=host,
        warnings=_warnings(results, host),
    )


def _baseline_first(models: list[Path], baseline: Path | None) -> list[Path]:
    """Return the models without repeats, the baseline first. Reads, and so verifies, every file."""
    recipes = {
        path: read_model(path).metadata.recipe for path in dict.fromkeys([*models, *([baseline] if baseline else [])])
    }
    if baseline is None:
        baseline = next((path for path, recipe in recipes.items() if recipe == "float32"), models[0])
    return [baseline, *(path for path in recipes if path != baseline)]


def _result(
    path: Path,
    faces: LabelledImages | npt.NDArray[np.uint8] | None,
    answers: npt.NDArray[np.float32] | None,
    reference: npt.NDArray[np.int64] | None,
    latency: list[LatencySamples],
) -> ModelResult:
    accuracy = agrees = None
    if answers is not None and isinstance(faces, LabelledImages):
        accuracy = measure_accuracy(faces, answers, reference)
    if answers is not None and reference is not None:
        agrees = agreement(answers.argmax(axis=1), reference)
    metadata = read_model(path).metadata
    calibration = metadata.content.get("calibration")
    data = path.read_bytes()
    return ModelResult(
        path=str(path),
        recipe=metadata.recipe,
        calibration=_describe_calibration(calibration) if calibration else None,
        file_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        accuracy=accuracy,
        agreement=agrees,
        latency=latency,
    )


def _describe_calibration(calibration: dict[str, Any]) -> str:
    split = f", split '{calibration['split']}'" if calibration["split"] else ""
    return f"{calibration['count']} faces of {calibration['source']}{split}"


def _warnings(results: list[ModelResult], host: dict[str, Any]) -> list[str]:
    """Return what a reader must know before trusting the latencies, and what to do about it."""
    found = []
    for result in results:
        for entry in result.latency:
            reason = instability(entry)
            if reason:
                found.append(
                    f"{Path(result.path).name}, {entry.threads} thread(s): {reason}; close other programs, repeat"
                )
    cores = host.get("usable_cores") or host.get("cores") or 1
    if host.get("load_1min", 0) > 0.5 * cores:
        found.append(f"the machine was busy before the start (load {host['load_1min']} on {cores} cores)")
    if host.get("governor", "performance") != "performance":
        found.append(
            f"the CPU governor is '{host['governor']}'; for steady figures: sudo cpupower frequency-set -g performance"
        )
    if host.get("throttling"):
        found.append(f"the firmware reports: {', '.join(host['throttling'])}; cool the board or use a stronger supply")
    return found
