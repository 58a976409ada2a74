"""What a class of somebody's data is called: an emotion by any of its names, or what the user says of it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from fer_edge.emotions import find_emotion
from fer_edge.types import LABELS

LEFT_OUT = "left out"
"""What `ClassNames.find` returns for a class that the user leaves out."""


def how_to_settle(name: str) -> str:
    """Return a sentence with the options that settle what a class means."""
    word, emotions = shlex.quote(name), ", ".join(LABELS)
    return f"Say which emotion it is with --map {word}=EMOTION ({emotions}), or leave it out with --leave-out {word}."


@dataclass(frozen=True)
class ClassNames:
    """Finds the emotion of a class.

    Attributes:
        given: name in lower case -> emotion, before all other meanings.
        left_out: names in lower case.
    """

    given: Mapping[str, str] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()

    def as_options(self) -> list[str]:
        """Return the options that say this on the command line."""
        given = [f"--map={name}={emotion}" for name, emotion in self.given.items()]
        return given + [f"--leave-out={name}" for name in sorted(self.left_out)]

    def decide(self, name: str) -> str | None:
        """Return what the user says of a class: an emotion or `LEFT_OUT`; None for nothing."""
        key = name.strip().casefold()
        return LEFT_OUT if key in self.left_out else self.given.get(key)

    def find(self, name: str) -> str | None:
        """Return the emotion of a class, contempt among them, or `LEFT_OUT`; None for an unknown word."""
        return self.decide(name) or find_emotion(name)


EVERY_NAME = ClassNames()
"""Of a user who says nothing: emotions by all their names."""
