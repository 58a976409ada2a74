"""Stops commands at random moments, by Ctrl-C, SIGTERM, SIGHUP and kill -9, and looks at what they leave.

    python -m tools.interruption.interrupt [--times 50] [--minutes 60] [--commands train ...] [--seed 1] [--json FILE]

After each stop every file under its own name must be whole, files that belong together must be all there or none, no
process and no temporary file may be left (kill -9 may leave those), and nothing may print a traceback. After each
kill -9, and every tenth time else, the command runs again: it must end well, and the temporary files must be gone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tools.interruption.commands import NAMES, ROOT, Command, commands
from tools.interruption.whole import broken

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
END_SECONDS = 60.0
"""After a signal; a machine that does other things is slow, and a hang lasts for ever."""

AGAIN_EVERY = 10


class Trial:
    """One command in a folder of its own."""

    def __init__(self, command: Command, folder: Path, cache: Path) -> None:
        self.command = command
        self.folder = folder
        self.out = folder / "out"
        self._temporary = folder / "tmp"
        self._temporary.mkdir(exist_ok=True)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FER_EDGE")}
        paths = {"XDG_CACHE_HOME": str(cache), "TMPDIR": str(self._temporary), "PYTHONPATH": str(ROOT)}
        self._environment = environment | paths

    def start(self) -> subprocess.Popen[str]:
        """Start it in a process group of its own, as a terminal does."""
        line = [sys.executable, "-m", "fer_edge", *self.command.line(self.folder)]
        return subprocess.Popen(
            line,
            cwd=self.folder,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def finish(self) -> tuple[float, list[str]]:
        """Run it to its end; return how long that took, and what is wrong."""
        started = time.monotonic()
        process = self.start()
        _, said = process.communicate()
        complaints = [] if process.returncode == 0 else [f"ended with {process.returncode}: {said[-300:]}"]
        return time.monotonic() - started, complaints + self.look(killed=False)

    def stop(self, number: signal.Signals, after: float) -> tuple[bool, list[str]]:
        """Stop it after so many seconds; return whether it was still running, and what is wrong."""
        process = self.start()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(after)  # what it says until then fits into the pipe
        running = process.poll() is None
        if running:
            # Ctrl-C and a lost terminal reach all processes of the group; `kill` reaches one.
            everyone = number in {signal.SIGINT, signal.SIGHUP}
            os.killpg(process.pid, number) if everyone else process.send_signal(number)
        try:
            _, said = process.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return running, [f"still ran {END_SECONDS:.0f} s after {number.name}"]
        complaints = list(self._complain(process, number, said))
        # Before Python listens, a signal ends it as any program; nothing has been begun then.
        return running, complaints + self.look(killed=process.returncode == -number)

    def _complain(self, process: subprocess.Popen[str], number: signal.Signals, said: str) -> Iterator[str]:
        if process.returncode not in {0, 128 + number, -number}:
            yield f"ended with {process.returncode}: {said[-300:]}"
        if "fer_edge" in said and "Traceback" in said:
            yield f"traceback: {said[-300:]}"
        if _lives(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
            yield "left a process behind"

    def look(self, *, killed: bool) -> list[str]:
        """Return what is wrong with what is left."""
        files = [path for path in self.out.rglob("*") if path.is_file() and path.name != ".lock"]
        hidden = [path.name for path in files if path.name.startswith(".")]
        visible = [path for path in files if not path.name.startswith(".")]
        complaints = [complaint for path in visible if (complaint := broken(path))]
        suffixes = {path.suffix for path in visible}
        if suffixes & set(self.command.together) and not suffixes >= set(self.command.together):
            complaints.append(f"a part of what belongs together: {sorted(suffixes)}")
        if not killed:
            left = hidden + [path.name for path in self._temporary.iterdir()]
            complaints += [f"left the temporary file {name}" for name in left]
        return complaints

    def forget_temporary(self) -> None:
        """Remove what lies in the system's folder for temporary files, which the system itself empties."""
        for path in self._temporary.iterdir():
            subprocess.run(["rm", "-rf", str(path)], check=True)  # noqa: S607


def _lives(group: int) -> bool:
    """Return whether a process of the group still runs after a while; one whose parent was killed needs a moment."""
    deadline = time.monotonic() + END_SECONDS
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.05)
    return True


def run_round(
    command: Command, number: signal.Signals, after: float, folder: Path, cache: Path, *, again: bool
) -> tuple[bool, list[str]]:
    """Stop a command once and, if wanted, run it again; return whether the signal met it, and what is wrong."""
    trial = Trial(command, folder, cache)
    running, complaints = trial.stop(number, after)
    if again:
        trial.forget_temporary()
        whole = command.name == "convert" and any(trial.out.glob("*.tflite"))
        if not whole:  # else it would rightly say that the files exist
            complaints += [f"again: {complaint}" for complaint in trial.finish()[1]]
    return running, complaints


def main(arguments: list[str] | None = None) -> int:
    """Run and print; the exit code is 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=50, help="stops of each command by each signal")
    parser.add_argument("--minutes", type=float, default=600, help="stop earlier, after a whole round")
    parser.add_argument("--commands", nargs="*", choices=NAMES, default=list(NAMES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the counts to this file after each round")
    options = parser.parse_args(arguments)
    rng = random.Random(options.seed)  # noqa: S311
    counts: dict[str, Counter[str]] = {}
    failures: list[str] = []
    deadline = time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory() as root:
        inputs = Path(root) / "inputs"
        cache = Path(root) / "cache"
        inputs.mkdir()
        chosen = commands(inputs, options.commands)
        usual = {}
        for command in chosen:
            for _ in range(2):  # the first fills caches
                with tempfile.TemporaryDirectory(dir=root) as folder:
                    usual[command.name], complaints = Trial(command, Path(folder), cache).finish()
            assert not complaints, complaints
        for turn in range(options.times):
            for command in chosen:
                for number in SIGNALS:
                    again = number == signal.SIGKILL or turn % AGAIN_EVERY == 0
                    after = rng.uniform(0, usual[command.name])
                    with tempfile.TemporaryDirectory(dir=root) as folder:
                        met, complaints = run_round(command, number, after, Path(folder), cache, again=again)
                    row = counts.setdefault(f"{command.name}, {number.name}", Counter())
                    row.update(tried=1, met=int(met), failed=int(bool(complaints)))
                    failures += [
                        f"{command.name}, {number.name} after {after:.2f} s: {complaint}" for complaint in complaints
                    ]
                    for failure in failures[len(failures) - len(complaints) :]:
                        print(failure, flush=True)
            if options.json:
                options.json.parent.mkdir(parents=True, exist_ok=True)
                options.json.write_text(json.dumps({"counts": counts, "failures": failures}, indent=2))
            if time.monotonic() > deadline:
                break
    for name, row in counts.items():
        print(f"{name}: stopped {row['tried']} times, {row['met']} of them at work; {row['failed']} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
