"""Keras network in, verified .tflite bytes out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fer_edge.convert.calibration import CalibrationSet
from fer_edge.convert.fit import fit_faces
from fer_edge.convert.flatbuffer import to_flatbuffer
from fer_edge.convert.metadata import append_metadata, describe_model
from fer_edge.convert.normalisation import left_outside
from fer_edge.convert.prepare import PreparedModel, prepare
from fer_edge.convert.recipes import ConversionRecipe
from fer_edge.convert.verify import Verification, VerificationSet, predict_file, verify
from fer_edge.keras_file import KerasModel
from fer_edge.quiet import silenced

Step = Callable[[str], AbstractContextManager[None]]
"""Told what begins; the work happens in its `with` block, which may show and time it."""


@dataclass(frozen=True)
class Conversion:
    """A converted model.

    Attributes:
        content: the file.
        verification: what the conversion cost; None when nothing was there to measure on.
        notes: what is peculiar about this file, in sentences.
    """

    content: bytes
    verification: Verification | None
    notes: tuple[str, ...] = ()


class Converter:
    """Converts one network by several recipes and verifies each file against it.

    Args:
        model: what `load_keras`, `open_keras` or `prepare` returned.
        calibration: needed by integer recipes, unless `convert` is given another.
        verification: held-out images; None leaves the files unverified.
        step: told of each step, and wrapped around it.
    """

    def __init__(
        self,
        model: KerasModel | PreparedModel,
        *,
        calibration: CalibrationSet | None = None,
        verification: VerificationSet | None = None,
        step: Step = lambda title: nullcontext(),
    ) -> None:
        self.model = prepare(model) if isinstance(model, KerasModel) else model
        self._calibration = calibration
        self._images = verification
        self._step = step
        self._answers: npt.NDArray[np.float32] | None = None
        if verification is not None:
            # Once for all recipes: the Keras network is the slowest of the lot.
            with step(f"Keras answers {len(verification.images):,} images"):
                self._answers = self.model.predict(verification.images)

    def convert(self, recipe: ConversionRecipe, *, calibration: CalibrationSet | None = None) -> Conversion:
        """Return the .tflite file of the network by a recipe.

        Args:
            recipe: the choices.
            calibration: in place of the converter's own.

        Raises:
            ModelError: TensorFlow cannot convert the network, or the result breaks the input contract.
            ValueError: an integer recipe without calibration.
        """
        calibration = calibration or self._calibration
        with self._step(f"{recipe.name}: convert"):
            images = fit_faces(calibration.images, self.model.shape) if calibration and recipe.integer else None
            flatbuffer = to_flatbuffer(self.model.network, self.model.shape, recipe, images)
        return self.finish(flatbuffer, recipe, calibration)

    def finish(self, flatbuffer: bytes, recipe: ConversionRecipe, calibration: CalibrationSet | None) -> Conversion:
        """Return the verified file of a FlatBuffer that `recipe` made of the network."""
        notes = _notes(flatbuffer)
        if self._images is None or self._answers is None:
            return Conversion(self._seal(flatbuffer, recipe, calibration, notes, None), None, notes)
        with self._step(f"{recipe.name}: verify"), silenced():  # the interpreter's notice
            answers = predict_file(self._seal(flatbuffer, recipe, calibration, notes, None), self._images.images)
            found = verify(self._answers, answers, self._images, self.model.labels)
        return Conversion(self._seal(flatbuffer, recipe, calibration, notes, found), found, notes)

    def _seal(
        self,
        flatbuffer: bytes,
        recipe: ConversionRecipe,
        calibration: CalibrationSet | None,
        notes: tuple[str, ...],
        verification: Verification | None,
    ) -> bytes:
        """Return the file: FlatBuffer and metadata."""
        return append_metadata(flatbuffer, describe_model(self.model, recipe, calibration, notes, verification))


def _notes(flatbuffer: bytes) -> tuple[str, ...]:
    left = left_outside(flatbuffer)
    if not left:
        return ()
    return (
        "The normalisation of the pixels does not fold into the first layer with weights; in front of it stays: "
        f"{', '.join(left)}. It folds where that layer does not pad, or where the normalisation is a factor alone.",
    )
