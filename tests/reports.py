"""Bench reports for tests: whole, small, and made up."""

import dataclasses
from collections.abc import Callable

import numpy as np

from fer_edge.benchmarks.accuracy import measure_accuracy, record_answers
from fer_edge.benchmarks.results import (
    TASKS,
    BenchReport,
    Caution,
    Cost,
    Images,
    MatrixProduct,
    ModelResult,
    Ratio,
    Scene,
    Series,
    Settings,
    Start,
    Throughput,
    WarmUp,
)
from fer_edge.benchmarks.statistics import summarise
from fer_edge.evaluation.metrics import Interval
from fer_edge.types import LABELS, LabelledImages

COUNT = 280
LABEL_NUMBERS = np.arange(COUNT, dtype=np.int64) % 7
IMAGES = LabelledImages(
    np.zeros((COUNT, 48, 48, 1), np.uint8), LABEL_NUMBERS, "public", tuple(f"{i}.png" for i in range(COUNT))
)


def make_series(task: str, median_ms: float, *, threads: int = 1, seed: int = 0, rounds: int = 8) -> Series:
    rng = np.random.default_rng(seed)
    samples = [(median_ms * rng.normal(1, 0.01, 20)).round(6).tolist() for _ in range(rounds)]
    return Series(task, threads, WarmUp(30, 0.2, True), summarise(samples), samples)


def make_model(recipe: str, *, wrong: int, median_ms: float, baseline: str | None, seed: int = 0) -> ModelResult:
    """`wrong`: how many of the images, from the first on, are answered wrongly."""
    answers = np.eye(7, dtype=np.float32)[(LABEL_NUMBERS + (np.arange(COUNT) < wrong)) % 7]
    predicted = answers.argmax(axis=1)
    reference = None if baseline is None else (LABEL_NUMBERS + (np.arange(COUNT) < 28)) % 7
    return ModelResult(
        id=f"tiny:{recipe}",
        name="tiny",
        recipe=recipe,
        file=f"tiny.{recipe}.tflite",
        file_bytes=10_000,
        sha256=f"{recipe:0>64}",
        calibration=None,
        baseline=baseline,
        cost=Cost(1000, 2_000_000, 4000, 12, 11),
        starts=[Start(30.0 + index, 2.0, 33.0 + index, 40.0 + index / 10) for index in range(3)],
        session_memory_mb=70.0,
        latency=[make_series(task, median_ms * (index + 1), seed=seed + index) for index, task in enumerate(TASKS)],
        throughput=[Throughput(1, 8, 9000.0, [9000.0, 9001.0])],
        peak_share=0.7,
        accuracy=measure_accuracy(IMAGES, answers, reference),
        agreement=None if reference is None else float((reference == predicted).mean()),
        answers=record_answers(predicted, LABEL_NUMBERS),
    )


def make_report(*, wrong: int = 40, int8_ms: float = 0.5, board: str | None = None, seed: int = 0) -> BenchReport:
    float32 = make_model("float32", wrong=28, median_ms=1.0, baseline=None, seed=seed)
    int8 = make_model("int8", wrong=wrong, median_ms=int8_ms, baseline="tiny:float32", seed=seed + 50)
    ratios = [
        Ratio("tiny:int8", "tiny:float32", task, 1, int8_ms, Interval(0.9 * int8_ms, 1.1 * int8_ms)) for task in TASKS
    ]
    return BenchReport(
        fer_edge_version="0.1.0",
        date="2026-01-02T03:04:05+00:00",
        seconds=12.5,
        settings=Settings(False, 0, [1], 8, 160, 0.1, 4),
        labels=list(LABELS),
        images=Images("synthetic, 280 images", "public", COUNT, True, IMAGES.sha256()),
        scene=Scene("drawn", 640, 480, [220, 140, 200, 200], "0" * 64),
        models=[float32, int8],
        ratios=ratios,
        matrix_products=[MatrixProduct("int8", 1, 16_777_216, 400.0, [[0.04], [0.041]])],
        host={"cpu": "Fast CPU", "cores": 4, "versions": {"numpy": "2.0"}} | ({"board": board} if board else {}),
        course={"temperature_max_c": 50.0},
        methods={"latency": "single stream"},
        warnings=[Caution("tail", "a long tail", "repeat", "tiny:int8")],
    )


def without_labels(report: BenchReport) -> BenchReport:
    images = dataclasses.replace(report.images, labelled=False, split=None)
    return replace_models(
        dataclasses.replace(report, images=images),
        lambda model: dataclasses.replace(
            model, accuracy=None, answers=dataclasses.replace(model.answers, correct=None)
        ),
    )


def replace_models(report: BenchReport, change: Callable[[ModelResult], ModelResult]) -> BenchReport:
    return dataclasses.replace(report, models=[change(model) for model in report.models])
