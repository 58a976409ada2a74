"""Start, latency, throughput and memory of all variants of a bench, in processes of their own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge.benchmarks.cost import analyse_cost
from fer_edge.benchmarks.results import TASKS, MatrixProduct, Scene, Series, Settings, Start, Throughput
from fer_edge.benchmarks.rounds import Notify, Timing, run_rounds
from fer_edge.benchmarks.scene import HEIGHT, WIDTH, draw_scene, place_faces
from fer_edge.benchmarks.session import Session
from fer_edge.benchmarks.statistics import summarise
from fer_edge.benchmarks.variants import Variant
from fer_edge.errors import ModelError
from fer_edge.runtime.checksum import sha256

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
) -> Times:
    """Time every variant; see `Times` for what.

    Args:
        variants: the models.
        settings: how much.
        crops: faces to predict (uint8, N x 48 x 48 x 1), of which the seed draws some, or None for
            seeded noise: the time of a crop does not depend on what it shows.
        notify: called with a line before each slow step.
        look: called between turns, to look at the machine.

    Raises:
        ModelError: a model cannot be loaded.
        FerEdgeError: a measuring process died.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        np.save(folder / "crops.npy", _choose_crops(crops, settings.seed))
        scene = _make_scene(folder / "frame.npy", settings.seed)
        request = {
            "threads": settings.threads[0],
            "crops": str(folder / "crops.npy"),
            "frame": str(folder / "frame.npy"),
            "region": scene.region if scene else None,
        }
        starts = _measure_starts(variants, settings, request, notify)
        sessions = {variant.id: stack.enter_context(Session(variant.path)) for variant in variants}
        for variant in variants:
            sessions[variant.id].ask("open", model=str(variant.path), **request)
        tasks = TASKS if scene else ("invoke", "predict")
        timings = [
            Timing(id_, session, task, threads)
            for threads in settings.threads
            for task in tasks
            for id_, session in sessions.items()
        ]
        products = _open_products(stack, variants, settings.threads[0])
        run_rounds([*products, *timings], settings, notify=lambda text: notify(f"latency: {text}"), between=look)
        throughput = _measure_throughput(sessions, settings, notify, look)
        memory = {id_: session.ask("memory")["peak_memory_mb"] for id_, session in sessions.items()}
    latency = {id_: [entry.as_series() for entry in timings if entry.model == id_] for id_ in sessions}
    return Times(starts, latency, throughput, memory, [_as_product(entry) for entry in products], scene)


def _choose_crops(crops: npt.NDArray[np.uint8] | None, seed: int) -> npt.NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    if crops is None:
        return rng.integers(0, 256, (CROPS, 48, 48, 1), dtype=np.uint8)
    return crops[rng.permutation(len(crops))[:CROPS]]


def _make_scene(path: Path, seed: int) -> Scene | None:
    """Draw and save the frame; None where OpenCV, which the runtime needs for frames, is missing."""
    boxes = place_faces(1)
    try:
        from fer_edge.runtime.faces import HaarDetector

        frame = draw_scene(boxes, seed=seed)
        found = len(HaarDetector().detect(frame))
    except (ImportError, ModelError):
        return None
    np.save(path, frame)
    words = f"drawn, one face; the Haar cascade finds {found}"
    region = [boxes[0].x, boxes[0].y, boxes[0].width, boxes[0].height]
    return Scene(words, WIDTH, HEIGHT, region, sha256(frame.tobytes()))


def _measure_starts(
    variants: list[Variant], settings: Settings, request: dict[str, object], notify: Notify
) -> dict[str, list[Start]]:
    """Start every variant several times in fresh processes, in turn."""
    starts: dict[str, list[Start]] = {variant.id: [] for variant in variants}
    count = QUICK_STARTS if settings.quick else STARTS
    notify(f"starting each variant {count} times")
    for _ in range(count):
        for variant in variants:
            with Session(variant.path) as session:
                starts[variant.id].append(Start(**session.ask("open", model=str(variant.path), **request)))
    return starts


def _open_products(stack: ExitStack, variants: list[Variant], threads: int) -> list[Timing]:
    """Return the matrix products of the arithmetics in use, ready to take their turns."""
    wanted = dict.fromkeys(DTYPES[v.file.metadata.recipe] for v in variants if v.file.metadata.recipe in DTYPES)
    products = []
    for dtype in wanted:
        path = MATMUL / f"{dtype}.tflite"
        session = stack.enter_context(Session(path))
        try:
            session.ask("open_bare", model=str(path), threads=threads)
        except ModelError:
            continue  # an older interpreter may not know this FULLY_CONNECTED: then there is no peak
        products.append(Timing(dtype, session, "invoke", threads))
    return products


def _as_product(timing: Timing) -> MatrixProduct:
    macs = analyse_cost((MATMUL / f"{timing.model}.tflite").read_bytes()).macs
    median_ms = summarise(timing.rounds_ms).p50
    return MatrixProduct(timing.model, timing.threads, macs, macs / median_ms / 1e6, timing.rounds_ms)


def _measure_throughput(
    sessions: dict[str, Session], settings: Settings, notify: Notify, look: Callable[[], None]
) -> dict[str, list[Throughput]]:
    timings = [
        Timing(id_, session, f"batch:{batch}", threads)
        for threads in thread_counts(settings)
        for batch in BATCHES
        for id_, session in sessions.items()
    ]
    run_rounds(
        timings,
        settings,
        notify=lambda text: notify(f"throughput: {text}"),
        between=look,
        weight=THROUGHPUT_WEIGHT,
    )
    return {id_: [_as_throughput(entry) for entry in timings if entry.model == id_] for id_ in sessions}


def _as_throughput(timing: Timing) -> Throughput:
    batch = int(timing.task.partition(":")[2])
    rounds = [round(1000 * batch * len(samples) / sum(samples), 2) for samples in timing.rounds_ms]
    return Throughput(timing.threads, batch, float(np.median(rounds)), rounds)


def thread_counts(settings: Settings) -> list[int]:
    """Return 1, 2, 4 ... up to the cores that this process may use, and the counts asked for."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    powers = [1 << bit for bit in range(cores.bit_length())]
    return sorted({*powers, cores, *settings.threads})
