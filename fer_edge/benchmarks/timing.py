"""Start, latency, throughput and memory of all variants of a bench, in processes of their own."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge.benchmarks.process import MeasuringProcess
from fer_edge.benchmarks.results import TASKS, MatrixProduct, Scene, Series, Settings, Start, Throughput
from fer_edge.benchmarks.rounds import Notify, Timing, run_rounds
from fer_edge.benchmarks.scene import HEIGHT, WIDTH, make_frame
from fer_edge.benchmarks.statistics import summarise
from fer_edge.benchmarks.variants import Variant
from fer_edge.errors import ModelError
from fer_edge.graph.cost import analyse_cost
from fer_edge.modelfile.checksum import sha256

STARTS, QUICK_STARTS = 10, 2
BATCHES = (1, 8, 32)
THROUGHPUT_WEIGHT = 0.1
"""Of the time and samples of a latency: throughput has many combinations."""

CROPS = 16
MATMUL = Path(__file__).parent / "matmul"
DTYPES = {"float32": "float32", "float16": "float32", "int8": "int8"}
"""In which arithmetic a recipe computes: float16 files store halves and compute in float32."""


@dataclass(frozen=True)
class Times:
    """What was measured of each variant, by its id."""

    starts: dict[str, list[Start]]
    latency: dict[str, list[Series]]
    throughput: dict[str, list[Throughput]]
    session_memory_mb: dict[str, float]
    products: list[MatrixProduct]
    scene: Scene | None


def measure_times(
    variants: list[Variant],
    settings: Settings,
    *,
    crops: npt.NDArray[np.uint8] | None,
    notify: Notify,
    look: Callable[[], None],
    detector: str = "auto",
) -> Times:
    """Time every variant; see `Times` for what.

    Args:
        variants: the models.
        settings: how much.
        crops: faces to predict (uint8, N x 48 x 48 x 1), of which the seed draws some, or None for
            seeded noise: the time of a crop does not depend on what it shows.
        notify: called with a line before each slow step.
        look: called between turns, to look at the machine.
        detector: what finds the faces of the frame; see `load_detector`.

    Raises:
        ModelError: a model cannot be loaded.
        FerEdgeError: a measuring process died.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        np.save(folder / "crops.npy", _choose_crops(crops, settings.seed))
        scene = _make_scene(folder / "frame.npy", detector)
        request = {
            "threads": settings.threads[0],
            "crops": str(folder / "crops.npy"),
            "frame": str(folder / "frame.npy"),
            "region": scene.region if scene else None,
            "detector": detector,
        }
        starts = _measure_starts(variants, settings, request, notify)
        timings = [
            Timing(variant.id, task, threads)
            for threads in settings.threads
            for task in (TASKS if scene else ("invoke", "predict"))
            for variant in variants
        ]
        products = [Timing(dtype, "invoke", settings.threads[0]) for dtype in _runnable_products(variants, settings)]
        for rounds in _shares(settings):
            with _open_processes(variants, request) as processes, _open_products(products) as product_processes:
                for timing in (*products, *timings):
                    timing.process = (processes | product_processes)[timing.model]
                run_rounds(
                    [*products, *timings],
                    settings,
                    rounds=rounds,
                    notify=lambda text: notify(f"latency: {text}"),
                    between=look,
                )
                if rounds.stop == settings.rounds:
                    throughput = _measure_throughput(processes, settings, notify, look)
                    memory = {id_: process.ask("memory")["peak_memory_mb"] for id_, process in processes.items()}
    latency = {id_: [entry.as_series() for entry in timings if entry.model == id_] for id_ in starts}
    return Times(starts, latency, throughput, memory, [_as_product(entry) for entry in products], scene)


def _shares(settings: Settings) -> list[range]:
    """Return which rounds each process measures: equal shares, one process after another."""
    bounds = [settings.rounds * index // settings.processes for index in range(settings.processes + 1)]
    return [range(start, stop) for start, stop in itertools.pairwise(bounds)]


@contextmanager
def _open_processes(variants: list[Variant], request: dict[str, object]) -> Iterator[dict[str, MeasuringProcess]]:
    """Yield a fresh process for each variant, which has loaded it and answered one face."""
    with ExitStack() as stack:
        processes = {variant.id: stack.enter_context(MeasuringProcess(variant.path)) for variant in variants}
        for variant in variants:
            processes[variant.id].ask("open", model=str(variant.path), **request)
        yield processes


def _choose_crops(crops: npt.NDArray[np.uint8] | None, seed: int) -> npt.NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    if crops is None:
        return rng.integers(0, 256, (CROPS, 48, 48, 1), dtype=np.uint8)
    return crops[rng.permutation(len(crops))[:CROPS]]


def _make_scene(path: Path, detector: str) -> Scene | None:
    """Make and save the frame; None where OpenCV, which the runtime needs for frames, or the detector is missing."""
    try:
        from fer_edge.runtime.detectors import load_detector

        frame, (face,) = make_frame(1)
        finder = load_detector(detector)
        found = len(finder.detect(frame))
    except (ImportError, ModelError):
        return None
    np.save(path, frame)
    words = f"a photograph, one face; {type(finder).__name__} finds {found}"
    return Scene(words, WIDTH, HEIGHT, [face.x, face.y, face.width, face.height], sha256(frame.tobytes()))


def _measure_starts(
    variants: list[Variant], settings: Settings, request: dict[str, object], notify: Notify
) -> dict[str, list[Start]]:
    """Start every variant several times in fresh processes, in turn."""
    starts: dict[str, list[Start]] = {variant.id: [] for variant in variants}
    count = QUICK_STARTS if settings.quick else STARTS
    notify(f"starting each variant {count} times")
    for _ in range(count):
        for variant in variants:
            with MeasuringProcess(variant.path) as process:
                starts[variant.id].append(Start(**process.ask("open", model=str(variant.path), **request)))
    return starts


def _runnable_products(variants: list[Variant], settings: Settings) -> list[str]:
    """Return the arithmetics in use whose matrix product the interpreter can run."""
    wanted = dict.fromkeys(DTYPES[v.file.metadata.recipe] for v in variants if v.file.metadata.recipe in DTYPES)
    runnable = []
    for dtype in wanted:
        try:
            with _open_products([Timing(dtype, "invoke", settings.threads[0])]):
                runnable.append(dtype)
        except ModelError:
            continue  # an older interpreter may not know this FULLY_CONNECTED: then there is no peak
    return runnable


@contextmanager
def _open_products(products: list[Timing]) -> Iterator[dict[str, MeasuringProcess]]:
    """Yield a fresh process for each matrix product, ready to take its turns."""
    with ExitStack() as stack:
        processes = {}
        for timing in products:
            path = MATMUL / f"{timing.model}.tflite"
            processes[timing.model] = stack.enter_context(MeasuringProcess(path))
            processes[timing.model].ask("open_bare", model=str(path), threads=timing.threads)
        yield processes


def _as_product(timing: Timing) -> MatrixProduct:
    macs = analyse_cost((MATMUL / f"{timing.model}.tflite").read_bytes()).macs
    median_ms = summarise(timing.rounds_ms).p50
    return MatrixProduct(timing.model, timing.threads, macs, macs / median_ms / 1e6, timing.rounds_ms)


def _measure_throughput(
    processes: dict[str, MeasuringProcess], settings: Settings, notify: Notify, look: Callable[[], None]
) -> dict[str, list[Throughput]]:
    timings = [
        Timing(id_, f"batch:{batch}", threads, process)
        for threads in thread_counts(settings)
        for batch in BATCHES
        for id_, process in processes.items()
    ]
    run_rounds(
        timings,
        settings,
        rounds=range(settings.rounds),
        notify=lambda text: notify(f"throughput: {text}"),
        between=look,
        weight=THROUGHPUT_WEIGHT,
    )
    return {id_: [_as_throughput(entry) for entry in timings if entry.model == id_] for id_ in processes}


def _as_throughput(timing: Timing) -> Throughput:
    batch = int(timing.task.partition(":")[2])
    rounds = [round(1000 * batch * len(samples) / sum(samples), 2) for samples in timing.rounds_ms]
    return Throughput(timing.threads, batch, float(np.median(rounds)), rounds)


def thread_counts(settings: Settings) -> list[int]:
    """Return 1, 2, 4 ... up to the cores that this process may use, and the counts asked for."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    powers = [1 << bit for bit in range(cores.bit_length())]
    return sorted({*powers, cores, *settings.threads})
