"""Plots of a training run or an evaluation. matplotlib comes with the extras [plot] and [train]."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from fer_edge.errors import FerEdgeError, install_hint
from fer_edge.evaluation.evaluate import Evaluation
from fer_edge.evaluation.metrics import Reliability
from fer_edge.files import replacing
from fer_edge.graph.cost import ModelCost
from fer_edge.types import LABELS, LabelledImages

if TYPE_CHECKING:
    from fer_edge.train.run import RunFolder


class Epoch(Protocol):
    """What a learning curve needs of an epoch."""

    @property
    def epoch(self) -> int:
        """Counted from 1."""


def draw_run(run: RunFolder, evaluations: dict[str, Evaluation], name: str) -> None:
    """Draw a run's learning curves, and the confusion and reliability of its first evaluated split."""
    state = run.read_state()
    plot_curves(run.curves, state.history if state else [])
    for evaluation in list(evaluations.values())[:1]:
        plot_confusion(run.confusion, evaluation, name)
        plot_reliability(run.reliability, evaluation.reliability, f"{name} on {evaluation.split}")


def plot_confusion(path: Path, evaluation: Evaluation, name: str) -> None:
    """Draw the confusion matrix with each row in per cent of its true class."""
    figure, axes = _figure(6.4, 5.6)
    matrix = np.array(evaluation.confusion)
    total = np.maximum(matrix.sum(axis=1, keepdims=True), 1)  # a class may be absent
    share = matrix / total
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*share.shape):
        shade = "white" if share[row, column] > 0.5 else "black"
        axes.text(column, row, f"{share[row, column]:.0%}", ha="center", va="center", color=shade)
    axes.set_xticks(range(len(LABELS)), LABELS, rotation=45, ha="right")
    axes.set_yticks(range(len(LABELS)), LABELS)
    title = f"{name} on {evaluation.split}: {evaluation.accuracy:.1%} of {evaluation.images:,} images"
    axes.set(xlabel="predicted", ylabel="labelled", title=title)
    figure.colorbar(image, ax=axes, label="share of the labelled class")
    _save(figure, path)


def plot_reliability(path: Path, found: Reliability, name: str) -> None:
    """Draw how often scores were right, beside how sure they were."""
    figure, axes = _figure(5.2, 4.8)
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--", label="perfect")
    sizes = 400 * np.array(found.images) / max(found.images)
    axes.scatter(found.confidence, found.accuracy, s=sizes, alpha=0.5)
    axes.plot(found.confidence, found.accuracy, marker=".", label="measured (area: number of images)")
    axes.set(xlabel="score", ylabel="share of right answers", title=f"{name}: reliability error {found.error:.3f}")
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.grid(alpha=0.3)
    axes.legend()
    _save(figure, path)


def plot_mistakes(
    path: Path, images: LabelledImages, probabilities: npt.NDArray[np.float32], *, count: int = 48
) -> None:
    """Draw the wrong answers with the highest scores as a contact sheet.

    For the user's own eyes: FER2013's images must not be published.
    """
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != images.labels)
    wrong = wrong[np.argsort(-probabilities[wrong].max(axis=1))][:count]
    figure, axes = _figure(12, 10, rows=6, columns=8)
    for place in axes.flat:
        place.axis("off")
    for place, index in zip(axes.flat, wrong, strict=False):
        place.imshow(images.images[index, :, :, 0], cmap="gray", vmin=0, vmax=255)
        score = probabilities[index].max()
        title = f"{LABELS[predicted[index]]} {score:.0%}\nlabel: {LABELS[images.labels[index]]}"
        place.set_title(title, fontsize=8)
    _save(figure, path)


def plot_curves(path: Path, history: Sequence[Epoch]) -> None:
    """Draw loss and accuracy of the training and the held-out images over the epochs."""
    figure, (left, right) = _figure(10, 4, columns=2)
    epochs = [row.epoch for row in history]
    for axes, name, label in ((left, "loss", "loss (nats)"), (right, "accuracy", "accuracy")):
        axes.plot(epochs, [getattr(row, f"train_{name}") for row in history], label="training, augmented")
        held = [getattr(row, f"holdout_{name}") for row in history]
        if any(value is not None for value in held):
            axes.plot(epochs, held, label="held out")
        axes.set(xlabel="epoch", ylabel=label)
        axes.grid(alpha=0.3)
        axes.legend()
    _save(figure, path)


class Draw(Protocol):
    """What a plot of a calibration sweep needs of a draw."""

    @property
    def size(self) -> int:
        """Calibration images."""

    @property
    def fidelity(self) -> Any:
        """What came of it, with `agreement` and `labelled`."""


def plot_sweep(path: Path, draws: Sequence[Draw], name: str) -> None:
    """Draw agreement and accuracy drop over the number of calibration images: a dot per draw, a line of means."""
    panels = {"agrees with Keras, %": [100 * draw.fidelity.agreement for draw in draws]}
    if all(draw.fidelity.labelled for draw in draws):
        panels["accuracy drop, points"] = [100 * draw.fidelity.labelled.drop for draw in draws]
    figure, axes_list = _figure(5.2 * len(panels), 4, columns=len(panels))
    sizes = [draw.size for draw in draws]
    for axes, (label, values) in zip(np.atleast_1d(axes_list), panels.items(), strict=True):
        means = {size: np.mean([v for s, v in zip(sizes, values, strict=True) if s == size]) for size in sizes}
        axes.plot(sizes, values, linestyle="", marker="o", alpha=0.5, label="one draw")
        axes.plot(list(means), list(means.values()), label="mean")
        axes.set(xlabel="calibration images", ylabel=label, xscale="log")
        axes.set_xticks(list(means), [f"{size:,}" for size in means], minor=False)
        axes.set_xticks([], minor=True)
        axes.grid(alpha=0.3)
        axes.legend()
    figure.suptitle(f"{name}: how much the calibration images matter")
    _save(figure, path)


def plot_cost(path: Path, cost: ModelCost, name: str) -> None:
    """Draw multiply-accumulates, parameters and live activations of each operator, in order of execution."""
    rows = [f"{operator.index} {operator.name}" for operator in cost.operators]
    figure, panels = _figure(11, 1.6 + 0.22 * len(rows), columns=3)
    measures = (
        ("multiply-accumulates, thousands", cost.macs, [operator.macs for operator in cost.operators]),
        ("parameters, thousands", cost.parameters, [operator.parameters for operator in cost.operators]),
        ("live activations, kB", cost.peak_bytes, [operator.live_bytes for operator in cost.operators]),
    )
    for axes, (label, total, values), word in zip(panels, measures, ("sum", "sum", "peak"), strict=True):
        axes.barh(range(len(rows)), np.array(values) / 1000)
        axes.set_yticks(range(len(rows)), rows if axes is panels[0] else [])
        axes.invert_yaxis()
        axes.set(xlabel=label, title=f"{word} {total / 1000:,.1f}")
        axes.grid(alpha=0.3, axis="x")
    figure.suptitle(f"{name}: cost per operator")
    _save(figure, path)


def require_matplotlib() -> None:
    """Check that plots can be drawn, before the long work that they are to show.

    Raises:
        FerEdgeError: matplotlib is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise FerEdgeError(f"Charts need matplotlib ({error}): {install_hint('plot')}.") from error


def _figure(width: float, height: float, *, rows: int = 1, columns: int = 1) -> tuple[Any, Any]:
    """Return a figure that needs no screen; raises what `require_matplotlib` raises."""
    require_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns)


def _save(figure: Any, path: Path) -> None:
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=110)
