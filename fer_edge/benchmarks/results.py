"""What a bench measures, as its JSON holds it: layout version 3.

The published schema, `bench-schema.json` beside this file, says the same for other languages; a test
holds the two together. Times in ms, sizes in bytes, memory in MB of 1,000,000 bytes, fractions 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fer_edge.evaluation.metrics import ClassScore, Interval

FORMAT = "fer-edge-bench"
FORMAT_VERSION = 3
READ_VERSIONS = (2, 3)
"""Version 2 lacks `settings.processes`: it measured each variant in one."""

TASKS = {
    "invoke": "the bare interpreter",
    "predict": "predict, 48x48 crop",
    "region": "predict, face region of a 640x480 frame",
    "analyze": "FaceAnalyzer, 640x480 frame",
}
"""What is timed, from the least to the most."""


@dataclass(frozen=True)
class Settings:
    """How much was measured.

    Attributes:
        quick: a shortened run, good for a first look and not for publication.
        seed: of crops, order of the variants and bootstrap.
        threads: thread counts of the latencies.
        rounds: in each, every variant has its turn.
        min_samples: of every series, at least; a quick run takes fewer of slow tasks.
        min_seconds: of every series, summed over its samples, at least; the same holds.
        processes: that each variant was measured in, one after another; each has an equal share of the rounds.
    """

    quick: bool
    seed: int
    threads: list[int]
    rounds: int
    min_samples: int
    min_seconds: float
    processes: int = 1


@dataclass(frozen=True)
class Images:
    """What accuracy and agreement were measured on.

    Attributes:
        description: in words.
        split: of FER2013; None for unlabelled faces.
        count: how many.
        labelled: whether there are labels, and so accuracies.
        sha256: of pixels and labels; equal images give an equal hash on every machine.
    """

    description: str
    split: str | None
    count: int
    labelled: bool
    sha256: str


@dataclass(frozen=True)
class Scene:
    """The frame of the tasks "region" and "analyze".

    Attributes:
        description: in words.
        width: in pixels.
        height: in pixels.
        region: x, y, width, height of the face that "region" predicts.
        sha256: of the pixels.
    """

    description: str
    width: int
    height: int
    region: list[int]
    sha256: str


@dataclass(frozen=True)
class Summary:
    """Of all samples of a series, in ms; `std` is the sample standard deviation."""

    min: float
    mean: float
    std: float
    p50: float
    p90: float
    p95: float
    p99: float


@dataclass(frozen=True)
class WarmUp:
    """What ran before the first samples; `stable` tells whether the times had always settled by then."""

    runs: int
    seconds: float
    stable: bool


@dataclass(frozen=True)
class Series:
    """Single-stream latency, batch 1, of one task.

    Attributes:
        task: one of `TASKS`.
        threads: of the interpreter.
        warm_up: before the first round of each process, taken together.
        summary_ms: of all rounds together.
        rounds_ms: the raw samples, one list per round, process after process.
    """

    task: str
    threads: int
    warm_up: WarmUp
    summary_ms: Summary
    rounds_ms: list[list[float]]


@dataclass(frozen=True)
class Throughput:
    """`predict_batch` on crops; the median of the rounds, and every round."""

    threads: int
    batch: int
    images_per_s: float
    rounds_images_per_s: list[float]


@dataclass(frozen=True)
class Start:
    """One start in a fresh process.

    Attributes:
        import_ms: NumPy, the interpreter's package and the runtime.
        load_ms: reading, verifying and preparing the model.
        first_result_ms: import, load and the first prediction together.
        peak_memory_mb: peak resident memory of the process by then.
    """

    import_ms: float
    load_ms: float
    first_result_ms: float
    peak_memory_mb: float


@dataclass(frozen=True)
class Cost:
    """Read from the file, without an interpreter; only `delegated_operators` is the interpreter's word.

    Attributes:
        parameters: values that the operators compute with.
        macs: multiply-accumulates of one inference.
        activation_peak_bytes: most bytes of activations alive at once, a lower bound of the arena.
        operators: how many.
        delegated_operators: of these, run by XNNPACK; None when the interpreter does not say.
    """

    parameters: int
    macs: int
    activation_peak_bytes: int
    operators: int
    delegated_operators: int | None


@dataclass(frozen=True)
class Drop:
    """Accuracy lost against the baseline on the same images.

    Attributes:
        value: baseline minus candidate, as a fraction.
        interval: 95 %, for matched pairs (Agresti and Min 2005).
        lost: images that only the baseline has right.
        won: images that only the candidate has right.
        p_value: exact McNemar test of "neither is better", two-sided.
    """

    value: float
    interval: Interval
    lost: int
    won: int
    p_value: float


@dataclass(frozen=True)
class Accuracy:
    """Measured on labelled images.

    Attributes:
        top1: share of right answers.
        interval: 95 %, Wilson.
        macro_f1: mean F1 of the classes.
        calibration_error: the reliability error (ECE), how far the scores are from the truth on average.
        per_class: label -> scores.
        confusion: counts, row = true label, column = predicted label, in the order of the labels.
        drop: None for a baseline.
    """

    top1: float
    interval: Interval
    macro_f1: float
    calibration_error: float
    per_class: dict[str, ClassScore]
    confusion: list[list[int]]
    drop: Drop | None


@dataclass(frozen=True)
class Answers:
    """Every answer, one character per image in the order of the images: what McNemar's test needs.

    Attributes:
        predicted: digits, the index of the predicted label.
        correct: "1" right, "0" wrong; None without labels.
    """

    predicted: str
    correct: str | None


@dataclass(frozen=True)
class ModelResult:
    """Everything measured about one variant.

    Attributes:
        id: name and recipe, such as "edge_cnn_s:int8"; "#2" follows where two files share them.
        name: the network, from the metadata; the file's name where that fits two files of one recipe.
        recipe: float32, float16 or int8.
        file: its name, without the folder.
        file_bytes: its size.
        sha256: of the whole file.
        calibration: what the integer model was calibrated on, or None.
        baseline: id of the variant that it is compared with; None for a baseline.
        cost: by its arithmetic.
        starts: in fresh processes.
        session_memory_mb: peak of the last process, which ran all tasks, frames and OpenCV included.
        latency: one series per task and thread count.
        throughput: one entry per thread count and batch size.
        peak_share: multiply-accumulates per second of "invoke" over those of a matrix product through
            the same interpreter; None when that could not be measured.
        accuracy: None without labels.
        agreement: share of images on which it answers as its baseline does; None for a baseline.
        answers: None without images.
    """

    id: str
    name: str
    recipe: str
    file: str
    file_bytes: int
    sha256: str
    calibration: str | None
    baseline: str | None
    cost: Cost
    starts: list[Start]
    session_memory_mb: float
    latency: list[Series]
    throughput: list[Throughput]
    peak_share: float | None
    accuracy: Accuracy | None
    agreement: float | None
    answers: Answers | None


@dataclass(frozen=True)
class Ratio:
    """Time of a variant over that of its baseline: the median of the rounds' ratios of medians.

    Attributes:
        model: id of the variant.
        baseline: id of its baseline.
        task: one of `TASKS`.
        threads: of the interpreter.
        value: below 1 is faster.
        interval: 95 %, bootstrap over the rounds.
    """

    model: str
    baseline: str
    task: str
    threads: int
    value: float
    interval: Interval


@dataclass(frozen=True)
class MatrixProduct:
    """The arithmetic peak: a 256 x 256 x 256 matrix product through the interpreter, in the same rounds."""

    dtype: str
    threads: int
    macs: int
    gmacs_per_s: float
    rounds_ms: list[list[float]]


@dataclass(frozen=True)
class Caution:
    """What makes the figures less trustworthy.

    Attributes:
        code: for programs; docs/bench-format.md lists them.
        message: what was seen.
        advice: what to do about it.
        model: id of the variant concerned; None for the whole run.
    """

    code: str
    message: str
    advice: str
    model: str | None


@dataclass(frozen=True)
class BenchReport:
    """The result of one benchmark on one device.

    Attributes:
        fer_edge_version: of the program that measured.
        date: ISO 8601, UTC.
        seconds: how long the bench took.
        settings: how much was measured.
        labels: in the order of `confusion` and `answers`.
        images: None when there were none.
        scene: None where OpenCV or the face detector is missing.
        models: the variants, baselines first.
        ratios: of each variant to its baseline.
        matrix_products: what `peak_share` refers to.
        host: see `describe_host`; facts that cannot be read are absent.
        course: what changed meanwhile, see `HostWatch`; the same holds.
        methods: how intervals and tests were computed, by name.
        warnings: what makes the figures less trustworthy.
    """

    fer_edge_version: str
    date: str
    seconds: float
    settings: Settings
    labels: list[str]
    images: Images | None
    scene: Scene | None
    models: list[ModelResult]
    ratios: list[Ratio]
    matrix_products: list[MatrixProduct]
    host: dict[str, Any]
    course: dict[str, Any]
    methods: dict[str, str]
    warnings: list[Caution]

    def find_series(self, model: ModelResult, task: str, threads: int | None = None) -> Series | None:
        """Return a series of a variant, by default of the first thread count; None if not measured."""
        wanted = self.settings.threads[0] if threads is None else threads
        return next((entry for entry in model.latency if (entry.task, entry.threads) == (task, wanted)), None)
