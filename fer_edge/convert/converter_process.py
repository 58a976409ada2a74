"""TensorFlow Lite's converter in a process of its own: ``python -m fer_edge.convert.converter_process``.

Some networks crash it with a segmentation fault and no word. Here it takes only this process along.
Requests and answers are pickles on stdin and stdout, between two processes of one user.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from typing import Any


def main() -> int:
    """Answer requests (a function of `flatbuffer`, its arguments) until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends this process
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # converters print to stdout what is no answer
    from fer_edge.convert import flatbuffer
    from fer_edge.errors import ModelError

    while True:
        try:
            name, arguments = pickle.load(sys.stdin.buffer)  # noqa: S301
        except EOFError:
            return 0
        answer: tuple[str, Any]
        try:
            answer = "done", getattr(flatbuffer, name)(*arguments)
        except ModelError as error:
            answer = "refused", str(error)
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    sys.exit(main())
