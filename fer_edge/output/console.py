"""How fer-edge speaks: tables and JSON on stdout, progress and warnings on stderr."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from fer_edge.memory import peak_memory_mb
from fer_edge.text import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

WIDE = 160
"""Columns of what goes to a file or pipe."""

# rich takes a tenth of a second to load: --help, --version and JSON do without.


@cache
def out() -> Console:
    """Return the console of stdout. Pipes and files have no width of their own; tables must not be cut there."""
    from fer_edge.output.safe_console import SafeConsole

    return SafeConsole(width=None if sys.stdout.isatty() else WIDE)


@cache
def err() -> Console:
    """Return the console of stderr."""
    from fer_edge.output.safe_console import SafeConsole

    return SafeConsole(stderr=True)


def _is_watched() -> bool:
    """Return whether somebody sees lines change. rich believes FORCE_COLOR, which notebooks and CI set for colours."""
    return sys.stderr.isatty()


def print_error(message: str) -> None:
    """Print an error as one sentence."""
    _print_titled("Error:", "bold red", message)


def print_warning(message: str) -> None:
    """Print something that the user should know but that stops nothing."""
    _print_titled("Warning:", "yellow", message)


def print_note(message: str) -> None:
    """Print what is going on."""
    err().print(printable(message), style="dim", soft_wrap=True)


def _print_titled(title: str, style: str, message: str) -> None:
    from fer_edge.output.safe_console import styled

    err().print(styled((title, style), " ", printable(message)), soft_wrap=True)


def width() -> int:
    """Return how many columns a line of stdout may have; a file or pipe has no width of its own."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() or "COLUMNS" in os.environ else WIDE


def print_line(text: str) -> None:
    """Print one line of a result at once, so that a reader at the end of a pipe has it; see `printable`."""
    print(printable(text), flush=True)


def print_json_line(text: str) -> None:
    """Print one line of JSON at once."""
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


@contextmanager
def progress_bar(title: str, *, unit: str = "") -> Iterator[Callable[[int, int], None]]:
    """Show a bar on stderr while the block runs; yields a function of (done, total). With a unit it shows the rate."""
    started = time.monotonic()
    with _bars(transient=True) as progress:
        task = progress.add_task(printable(title), total=None)

        def update(done: int, total: int) -> None:
            rate = f" {done / max(1e-9, time.monotonic() - started):.1f} {unit}/s" if unit and done else ""
            progress.update(task, description=printable(title) + rate, completed=done, total=total)

        yield update


def _bars(*, transient: bool = False) -> Progress:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(
        *columns,
        console=err(),
        transient=transient,
        disable=not _is_watched(),
        redirect_stdout=sys.stdout.isatty(),  # rows on the same terminal go above the bar; others must not come here
    )


@contextmanager
def status_line() -> Iterator[Callable[[str], None]]:
    """Show what is going on on one line of stderr that changes; without a terminal, a line for each stage."""
    if _is_watched():
        from fer_edge.output.safe_console import styled

        with err().status("") as status:
            yield lambda text: status.update(styled(text))
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
        self._kept = 0
        self._share = 0.0
        self._progress = _bars()
        self._epoch_task = self._progress.add_task("", total=None, visible=False)
        self._run_task = self._progress.add_task("whole run", total=None, visible=False)

    def __enter__(self) -> TrainingProgress:
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def on_answers(self, answered: int, images: int) -> None:
        """Move the bar of the teachers' answers; without a terminal, say once that they are asked."""
        if not _is_watched():
            if not self._asked:
                print_note("asking the teachers about the training images")
            self._asked = True
            return
        text = "asking the teachers"
        self._progress.update(self._epoch_task, description=text, completed=answered, total=images, visible=True)

    def on_step(self, epoch: int, step: int, steps: int, loss: float, accuracy: float) -> None:
        """Move the bars."""
        self._kept, self._share = epoch - 1, step / steps
        text = f"epoch {epoch}/{self._epochs}  loss {loss:.3f}  accuracy {accuracy:.1%}"
        self._progress.update(self._epoch_task, description=text, completed=step, total=steps, visible=True)
        self._progress.update(
            self._run_task, completed=(epoch - 1) * steps + step, total=self._epochs * steps, visible=True
        )

    def on_epoch(self, row: Any) -> None:
        """Print what stays of an epoch."""
        self._kept, self._share = row.epoch, 0.0
        held = "" if row.holdout_accuracy is None else f"  held out {row.holdout_accuracy:.1%}"
        self._progress.console.print(
            f"epoch {row.epoch:3}  loss {row.train_loss:.3f}  accuracy {row.train_accuracy:.1%}{held}"
            f"  learning rate {row.learning_rate:.2g}  {row.seconds:.0f} s",
            soft_wrap=True,
        )

    def lost(self) -> str:
        """Return a sentence on what an interruption now keeps and what it costs."""
        if not self._kept and not self._share:
            return "Nothing is lost."
        kept = f"Kept: {self._kept} of {self._epochs} epochs."
        return f"{kept} Lost: {self._share:.0%} of the next." if self._share else kept


def right_align(table: Table) -> None:
    """Align every column but the first to the right, for figures."""
    for column in table.columns[1:]:
        column.justify = "right"
