"""A Python that has loaded TensorFlow and forks for each command, since loading it takes longer than most commands.

Run as a program it serves: each line of its input is a command as JSON, each line of its output an exit code.
"""

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory


class WarmTensorFlow:
    """Runs ``python -m fer_edge`` as `subprocess.run` would, but in a fork of a process that is warm already."""

    def __init__(self) -> None:
        environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}  # as the command line itself sets it
        pipe = subprocess.PIPE
        self._server = subprocess.Popen(
            [sys.executable, __file__], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True, env=environment
        )

    def run(self, arguments: Sequence[str], cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """Return what a command did."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        with TemporaryDirectory() as folder:
            outputs = [Path(folder) / name for name in ("out", "err")]
            request = {"arguments": arguments, "cwd": str(cwd), "env": env, "outputs": [*map(str, outputs)]}
            self._server.stdin.write(json.dumps(request) + "\n")
            self._server.stdin.flush()
            code = int(self._server.stdout.readline())
            return subprocess.CompletedProcess(arguments, code, *(path.read_text() for path in outputs))

    def close(self) -> None:
        """End the server."""
        self._server.communicate()


def serve() -> bool:
    """Fork for every command; return true in each fork, where that command is to be run, and false at the end."""
    import keras  # noqa: F401
    import tensorflow  # noqa: F401

    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            become(**json.loads(line))
            return True
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()
    return False


def become(arguments: list[str], cwd: str, env: dict[str, str], outputs: list[str]) -> None:
    """Make this process look as if it had been started for a command."""
    for number, path in enumerate([os.devnull, *outputs]):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), number)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.path[0] = cwd
    sys.argv[1:] = arguments


if __name__ == "__main__" and serve():
    runpy.run_module("fer_edge", run_name="__main__", alter_sys=True)
