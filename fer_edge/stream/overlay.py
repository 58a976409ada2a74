"""Draw the faces of a stream onto its frame."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from fer_edge.runtime.annotate import Label, draw_labels
from fer_edge.stream.records import TrackedFace


def annotate_tracked(picture: npt.NDArray[np.uint8], faces: Iterable[TrackedFace]) -> npt.NDArray[np.uint8]:
    """Return a BGR copy of a picture (grey, BGR or BGRA) with a box and "id emotion" for each face."""
    return draw_labels(
        picture, (Label(face.box, f"{face.id} {face.emotion or '...'}", face.emotion or "") for face in faces)
    )
