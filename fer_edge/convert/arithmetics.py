"""The two arithmetics of int8: XNNPACK's on a PC or a Raspberry Pi, the reference kernels' on microcontrollers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fer_edge.modelfile.metadata import read_model
from fer_edge.runtime.reference import ask_reference_apart

COMPARED_IMAGES = 100
"""The reference kernels are slow: 45 ms a face for edge_cnn_m."""


@dataclass(frozen=True)
class ReferenceFidelity:
    """How an int8 file answers by the arithmetic of microcontrollers. Shares are 0..1.

    Attributes:
        images: how many were asked, the first of those that the file is compared on.
        agreement: share for which the reference kernels and the Keras network name the same emotion.
        same_label: share for which both arithmetics name the same one.
        scores_that_differ: share of all scores between both arithmetics.
        largest_steps: by how many steps of the output at most.
    """

    images: int
    agreement: float
    same_label: float
    scores_that_differ: float
    largest_steps: int


def compare_arithmetics(
    content: bytes,
    images: npt.NDArray[np.uint8],
    answers: npt.NDArray[np.float32],
    keras: npt.NDArray[np.float32],
) -> ReferenceFidelity | None:
    """Compare a file's answers by the reference kernels with those of XNNPACK and of Keras.

    Args:
        content: the file.
        images: uint8, N x 48 x 48 x 1.
        answers: the probabilities (N x labels) that the runtime gave.
        keras: those of the network.

    Returns:
        The comparison; None for a file that no microcontroller takes: not uint8 in and out, or the reference kernels
        refuse it or abort.
    """
    file = read_model(content)
    taken, given = file.metadata.content["input"], file.metadata.content["output"]
    if (taken["dtype"], given["dtype"]) != ("uint8", "uint8") or list(images.shape[1:]) != taken["shape"][1:]:
        return None
    count = min(COMPARED_IMAGES, len(images))
    outputs = ask_reference_apart(file.flatbuffer, images[:count])
    if outputs is None:
        return None
    steps = outputs.astype(np.int64)
    theirs = np.rint(answers[:count] * 256).astype(np.int64)  # a softmax counts in steps of 1/256
    labels = steps.argmax(axis=1)
    return ReferenceFidelity(
        images=count,
        agreement=float(np.mean(labels == keras[:count].argmax(axis=1))),
        same_label=float(np.mean(labels == theirs.argmax(axis=1))),
        scores_that_differ=float(np.mean(steps != theirs)),
        largest_steps=int(np.abs(steps - theirs).max()),
    )
