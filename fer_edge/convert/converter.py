"""Keras network in, .tflite bytes out, with what the conversion cost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import keras
import numpy as np
import numpy.typing as npt

from fer_edge.convert.arithmetics import compare_arithmetics
from fer_edge.convert.calibration import CalibrationSet
from fer_edge.convert.describe import describe_model
from fer_edge.convert.fidelity import Fidelity, FidelitySet, measure_fidelity, predict_file
from fer_edge.convert.isolation import to_flatbuffer
from fer_edge.convert.recipes import ConversionRecipe
from fer_edge.convert.recurrent import recurrent_layers, unroll
from fer_edge.kerasfile.fit import fit_faces
from fer_edge.kerasfile.load import KerasModel
from fer_edge.kerasfile.normalisation import left_outside
from fer_edge.kerasfile.prepare import PreparedModel, prepare
from fer_edge.modelfile.seal import append_metadata
from fer_edge.runtime.quiet import silenced

Step = Callable[[str], AbstractContextManager[None]]
"""Told what begins; the work happens in its `with` block, which may show and time it."""


@dataclass(frozen=True)
class Conversion:
    """A converted model.

    Attributes:
        content: the file.
        fidelity: what the conversion cost; None when nothing was there to measure on.
        notes: what is peculiar about this file, in sentences.
    """

    content: bytes
    fidelity: Fidelity | None
    notes: tuple[str, ...] = ()


class Converter:
    """Converts one network by several recipes and compares each file with it.

    Args:
        model: what `load_keras`, `open_keras` or `prepare` returned.
        calibration: needed by integer recipes, unless `convert` is given another.
        held_out: images to compare on; None leaves the files uncompared.
        step: a context manager that receives each step's name and wraps it.
    """

    def __init__(
        self,
        model: KerasModel | PreparedModel,
        *,
        calibration: CalibrationSet | None = None,
        held_out: FidelitySet | None = None,
        step: Step = lambda title: nullcontext(),
    ) -> None:
        self.model = prepare(model) if isinstance(model, KerasModel) else model
        self._calibration = calibration
        self._images = held_out
        self._step = step
        self._answers: npt.NDArray[np.float32] | None = None
        if held_out is not None:
            # Once for all recipes: the Keras network is the slowest of the lot.
            with step(f"Keras answers {len(held_out.images):,} images"):
                self._answers = self.model.predict(held_out.images)

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
            flatbuffer = to_flatbuffer(self._network_for(recipe), self.model.shape, recipe, images)
        return self.finish(flatbuffer, recipe, calibration)

    def _network_for(self, recipe: ConversionRecipe) -> keras.Model:
        """Return the network in the form that a recipe needs; the integer converter crashes on loops."""
        network = self.model.network
        return unroll(network) if recipe.integer and recurrent_layers(network) else network

    def _recurrent_note(self, recipe: ConversionRecipe) -> tuple[str, ...]:
        looping = recurrent_layers(self.model.network) if recipe.integer else []
        if not looping:
            return ()
        names = ", ".join(layer.name for layer in looping)
        return (f"The recurrent layers ({names}) are written out step by step: TensorFlow Lite quantises no loops.",)

    def finish(self, flatbuffer: bytes, recipe: ConversionRecipe, calibration: CalibrationSet | None) -> Conversion:
        """Return the file, compared with Keras, of a FlatBuffer that `recipe` made of the network."""
        notes = (*_notes(flatbuffer), *self._recurrent_note(recipe))
        if self._images is None or self._answers is None:
            return Conversion(self._seal(flatbuffer, recipe, calibration, notes, None), None, notes)
        with self._step(f"{recipe.name}: compare"), silenced():  # the interpreter's notice
            file, images = self._seal(flatbuffer, recipe, calibration, notes, None), self._images.images
            answers = predict_file(file, images)
            found = measure_fidelity(self._answers, answers, self._images, self.model.labels)
            reference = compare_arithmetics(file, images, answers, self._answers)
            found = replace(found, reference=reference)
        return Conversion(self._seal(flatbuffer, recipe, calibration, notes, found), found, notes)

    def _seal(
        self,
        flatbuffer: bytes,
        recipe: ConversionRecipe,
        calibration: CalibrationSet | None,
        notes: tuple[str, ...],
        fidelity: Fidelity | None,
    ) -> bytes:
        """Return the file: FlatBuffer and metadata."""
        return append_metadata(flatbuffer, describe_model(self.model, recipe, calibration, notes, fidelity))


def _notes(flatbuffer: bytes) -> tuple[str, ...]:
    left = left_outside(flatbuffer)
    if not left:
        return ()
    return (
        "The normalisation of the pixels does not fold into the first layer with weights; in front of it stays: "
        f"{', '.join(left)}. It folds where that layer does not pad, or where the normalisation is a factor alone.",
    )
