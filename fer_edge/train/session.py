"""A network in training: one optimizer step at a time, and the state that a checkpoint holds."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import numpy.typing as npt

from fer_edge.errors import RecipeError
from fer_edge.train.augment import augment_batch, mix_batch
from fer_edge.train.config import TrainConfig
from fer_edge.train.devices import find_devices
from fer_edge.train.labels import Targets
from fer_edge.train.models import build_model
from fer_edge.train.precision import fast_copy
from fer_edge.train.run import EpochRow, TrainState
from fer_edge.train.teacher import Teacher, blend, load_trained


class Session:
    """The network in training, its optimizer, its teacher, and the network that is handed out.

    Attributes:
        config: the recipe.
        model: the network that the optimizer moves.
        shipped: the network that the run hands out; with `average_decay`, the moving average.
    """

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self._devices = find_devices()
        self._devices.require_even(config.batch_size)
        compiled = config.jit_compile and self._devices.compiles
        self.shipped = _build(config)
        with self._devices.scope():
            self.model = _copy_to_train(self.shipped, config, compiled=compiled)
            self._optimizer = _build_optimizer(config)
            loss = keras.losses.CategoricalCrossentropy(label_smoothing=config.label_smoothing)
            self.model.compile(self._optimizer, loss, metrics=["accuracy"], jit_compile=_jit(compiled))
            self._optimizer.build(self.model.trainable_variables)
        self._teacher = Teacher(config.teacher) if config.teacher and config.teacher_sees == "batches" else None
        # XLA would compile again for the odd last batch; evaluation is too short to repay it.
        self.shipped.compile(loss="categorical_crossentropy", metrics=["accuracy"], jit_compile=_jit(False))
        self._size: int | None = None

    def start_from(self, sources: Sequence[str]) -> None:
        """Begin with the weights of finished runs or .keras files of the same architecture, averaged if several.

        Averaging pays where they themselves began from the same weights (a model soup, arXiv:2203.05482).

        Raises:
            RecipeError: one cannot be loaded, or its architecture differs.
        """
        shapes = [weight.shape for weight in self.shipped.get_weights()]
        weights = [load_trained(source, field="initial").get_weights() for source in sources]
        for source, candidate in zip(sources, weights, strict=True):
            if [weight.shape for weight in candidate] != shapes:
                raise RecipeError(f"Recipe field 'initial' names {source}, expected the recipe's own architecture.")
        average = [np.mean(same, axis=0) for same in zip(*weights, strict=True)]
        self.shipped.set_weights(average)
        self.model.set_weights(average)

    def train_batch(
        self, images: npt.NDArray[np.uint8], targets: Targets, *, size: int, rate: float, rng: np.random.Generator
    ) -> tuple[float, float]:
        """Augment a batch to `size` pixels, take one optimizer step, and return (loss, accuracy)."""
        pixels = augment_batch(images, self.config, size, rng)
        if self.config.mixup:
            pixels, targets = mix_batch(pixels, targets, self.config.mixup, rng)
        if self._teacher is not None:
            targets = blend(targets, self._teacher.label(pixels), self.config.teacher_weight)
        with self._devices.scope():
            if self._size is None and self._devices.count > 1:
                self.model.test_on_batch(pixels, targets)  # makes the metrics, which a shared batch cannot
            self._set_size(size)
            self._optimizer.learning_rate.assign(rate)
            logs = self.model.train_on_batch(*self._devices.share(pixels, targets), return_dict=True)
        if self.config.average_decay:
            # A short average at first, so that the random start is forgotten.
            count = float(self._optimizer.iterations.numpy())
            self._average(min(self.config.average_decay, (1 + count) / (10 + count)))
        return float(logs["loss"]), float(logs["accuracy"])

    def evaluate(self, images: npt.NDArray[np.uint8], targets: Targets) -> tuple[float, float]:
        """Return (loss, accuracy) of the network that is handed out."""
        pixels = images.astype(np.float32)
        logs = self.shipped.evaluate(pixels, targets, batch_size=256, verbose=0, return_dict=True)
        return float(logs["loss"]), float(logs["accuracy"])

    def _set_size(self, size: int) -> None:
        """Trace the training step afresh for a new image size.

        A trace relaxed to any size rounds differently, and a resumed run, which never saw the
        earlier size, would drift from an uninterrupted one.
        """
        if size != self._size:
            self.model.make_train_function(force=True)
            self._size = size

    def _average(self, decay: float) -> None:
        """Move the shipped weights, batch statistics included, towards the trained ones."""
        for average, weight in zip(self.shipped.weights, self.model.weights, strict=True):
            average.assign(average * decay + self._devices.read(weight) * (1 - decay))

    def snapshot(self, history: list[EpochRow], data_sha256: str) -> TrainState:
        """Return copies of every variable, with the history and the hash of the training images."""
        return TrainState(
            model=[variable.numpy().copy() for variable in self.model.variables],
            optimizer=[variable.numpy().copy() for variable in self._optimizer.variables],
            shipped=self.shipped.get_weights(),
            history=history,
            data_sha256=data_sha256,
        )

    def restore(self, state: TrainState) -> None:
        """Set every variable to the state's.

        Raises:
            RecipeError: the state is that of another network or optimizer.
        """
        for variables, values in (
            (self.model.variables, state.model),
            (self._optimizer.variables, state.optimizer),
            (self.shipped.weights, state.shipped),
        ):
            if [tuple(variable.shape) for variable in variables] != [value.shape for value in values]:
                raise RecipeError("The checkpoint does not fit the run's recipe; delete it to start the run again.")
        for variable, value in zip(self.model.variables, state.model, strict=True):
            variable.assign(value.astype(variable.dtype))
        for variable, value in zip(self._optimizer.variables, state.optimizer, strict=True):
            variable.assign(value.astype(variable.dtype))
        self.shipped.set_weights(state.shipped)


def _build(config: TrainConfig) -> keras.Model:
    network = build_model(
        config.model, widths=config.widths, blocks=config.blocks, dropout=config.dropout, stem=config.stem
    )
    fixed = {edge for edge in network.input_shape[1:3] if edge is not None}
    for _, size in config.image_sizes:
        if fixed - {int(size)}:
            raise RecipeError(
                f"Recipe field 'image_sizes': expected {fixed.pop()} pixels alone, which is all that {config.model} "
                f"takes, got {size:.0f}."
            )
    return network


def _copy_to_train(network: keras.Model, config: TrainConfig, *, compiled: bool) -> keras.Model:
    if not compiled:
        return fast_copy(network, config.precision)
    copy = _build(config)  # XLA makes its own kernels
    copy.set_weights(network.get_weights())
    return copy


def _jit(wanted: bool) -> bool | str:
    """Return Keras's `jit_compile`: the recipe's wish is for TensorFlow, where XLA may lose; JAX always needs it."""
    return wanted if keras.backend.backend() == "tensorflow" else "auto"


def _build_optimizer(config: TrainConfig) -> keras.optimizers.Optimizer:
    if config.optimizer == "adam":
        optimizer = keras.optimizers.Adam(config.learning_rate, weight_decay=config.weight_decay or None)
    else:
        optimizer = keras.optimizers.SGD(
            config.learning_rate, momentum=0.9, nesterov=True, weight_decay=config.weight_decay or None
        )
    if config.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer
