"""How fer-edge speaks: tables and JSON on stdout, progress and warnings on stderr."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from fer_edge.types import FaceEmotion

if TYPE_CHECKING:
    pass

# Pipes and files have no width of their own; tables must not be cut there.
OUT = Console(width=None if sys.stdout.isatty() else 160)
ERR = Console(stderr=True)


def print_error(message: str) -> None:
    """Print an error as one sentence."""
    ERR.print(f"[bold red]Error:[/] {escape(message)}", soft_wrap=True)


def print_warning(message: str) -> None:
    """Print something that the user should know but that stops nothing."""
    ERR.print(f"[yellow]Warning:[/] {escape(message)}", soft_wrap=True)


def print_note(message: str) -> None:
    """Print what is going on."""
    ERR.print(escape(message), style="dim", soft_wrap=True, highlight=False)


def print_line(text: str) -> None:
    """Print one line of a result that goes on, so that a reader at the end of a pipe has it at once."""
    print(text, flush=True)


def print_json(content: Any) -> None:
    """Print JSON for programs."""
    print(json.dumps(content, indent=2, ensure_ascii=False))


class Steps:
    """Says what long work is doing, and keeps how long each step took.

    Attributes:
        seconds: title of a step -> its time.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Announce a step and time the block."""
        print_note(title)
        start = time.perf_counter()
        yield
        self.seconds[title] = self.seconds.get(title, 0.0) + time.perf_counter() - start

    def print_split(self) -> None:
        """Print where the time went, and the most memory that the process took."""
        parts = "; ".join(f"{title} {seconds:.1f} s" for title, seconds in self.seconds.items())
        print_note(f"Took {sum(self.seconds.values()):.1f} s and {peak_memory_mb():,.0f} MB: {parts}")


def peak_memory_mb() -> float:
    """Return the most resident memory that this process ever took."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6  # macOS counts bytes, Linux KiB


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on stderr while the block runs; yields a function of (done, total)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=ERR, transient=True) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def status_line() -> Iterator[Callable[[str], None]]:
    """Show what is going on on one line of stderr that changes; without a terminal, a line for each stage."""
    if ERR.is_terminal:
        with ERR.status("") as status:
            yield lambda text: status.update(escape(text))
        return
    stages: set[str] = set()

    def tell(text: str) -> None:
        stage = text.partition(":")[0].rstrip("0123456789, ")
        if not any(stage.startswith(known) for known in stages):
            stages.add(stage)
            print_note(text)

    yield tell


class TrainingProgress:
    """A bar per epoch with loss, accuracy and the time left, and a line for each finished epoch."""

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs
        self._asked = False
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=ERR)
        self._epoch_task = self._progress.add_task("", total=None, visible=False)
        self._run_task = self._progress.add_task("whole run", total=None, visible=False)

    def __enter__(self) -> TrainingProgress:
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def on_answers(self, answered: int, images: int) -> None:
        """Move the bar of the teachers' answers; without a terminal, say once that they are asked."""
        if not self._progress.console.is_terminal:
            if not self._asked:
                print_note("asking the teachers about the training images")
            self._asked = True
            return
        text = "asking the teachers"
        self._progress.update(self._epoch_task, description=text, completed=answered, total=images, visible=True)

    def on_step(self, epoch: int, step: int, steps: int, loss: float, accuracy: float) -> None:
        """Move the bars."""
        text = f"epoch {epoch}/{self._epochs}  loss {loss:.3f}  accuracy {accuracy:.1%}"
        self._progress.update(self._epoch_task, description=text, completed=step, total=steps, visible=True)
        self._progress.update(
            self._run_task, completed=(epoch - 1) * steps + step, total=self._epochs * steps, visible=True
        )

    def on_epoch(self, row: Any) -> None:
        """Print what stays of an epoch."""
        held = "" if row.holdout_accuracy is None else f"  held out {row.holdout_accuracy:.1%}"
        self._progress.console.print(
            f"epoch {row.epoch:3}  loss {row.train_loss:.3f}  accuracy {row.train_accuracy:.1%}{held}"
            f"  learning rate {row.learning_rate:.2g}  {row.seconds:.0f} s",
            highlight=False,
        )


def faces_as_json(path: Path, faces: list[FaceEmotion], labels: tuple[str, ...]) -> dict[str, Any]:
    """Return what `fer-edge predict --json` prints for one picture."""
    return {
        "image": str(path),
        "faces": [
            {
                "box": {"x": face.box.x, "y": face.box.y, "width": face.box.width, "height": face.box.height},
                "confidence": face.box.confidence,
                "label": face.prediction.label,
                "score": round(face.prediction.score, 4),
                "probabilities": dict(
                    zip(labels, (round(float(p), 4) for p in face.prediction.probabilities), strict=True)
                ),
            }
            for face in faces
        ],
    }


def print_faces(results: list[tuple[Path, list[FaceEmotion]]]) -> None:
    """Print one row per face."""
    table = Table("image", "face (x, y, width, height)", "emotion", "score")
    for path, faces in results:
        for face in faces:
            box = face.box
            place = f"{box.x}, {box.y}, {box.width}, {box.height}"
            table.add_row(escape(str(path)), place, face.prediction.label, f"{face.prediction.score:.0%}")
        if not faces:
            table.add_row(escape(str(path)), "no face found", "", "")
    OUT.print(table)


def right_align(table: Table) -> None:
    """Align every column but the first to the right, for figures."""
    for column in table.columns[1:]:
        column.justify = "right"
