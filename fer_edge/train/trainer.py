"""The training loop: recipe and images in, a run folder that resumes exactly after every epoch."""

from __future__ import annotations

import time
from typing import Protocol

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from fer_edge.train import schedule
from fer_edge.train.augment import augment_batch
from fer_edge.train.config import TrainConfig
from fer_edge.train.labels import Targets, make_targets, one_hot
from fer_edge.train.models import build_model
from fer_edge.train.run import EpochRow, RunFolder, TrainState
from fer_edge.train.teacher import Teacher
from fer_edge.types import LABELS, LabelledImages
from fer_edge.votes import Votes


class Observer(Protocol):
    """Whoever wants to see training go on, such as a progress bar."""

    def on_step(self, epoch: int, step: int, steps: int, loss: float, accuracy: float) -> None:
        """Called after every optimizer step, counted from 1."""

    def on_epoch(self, row: EpochRow) -> None:
        """Called after an epoch has been written to disk."""


def train(
    config: TrainConfig, images: LabelledImages, run: RunFolder, observer: Observer, votes: Votes | None = None
) -> keras.Model:
    """Train, or go on training, in `run`; return the network that the run hands out.

    Each epoch draws its order and its augmentation from (seed, epoch), and the checkpoint holds
    every variable, so an interrupted run ends with the same weights as an uninterrupted one.
    """
    keras.utils.set_random_seed(config.seed)
    training, holdout = split_holdout(images, config.holdout, config.seed)
    targets = make_targets(config.labels, training, votes)
    session = _Session(config)
    state = run.read_state()
    history = state.history if state else []
    if state:
        session.restore(state)
    for epoch in range(len(history), config.epochs):
        if schedule.should_stop(config, holdout_losses(history)):
            break
        row = session.run_epoch(epoch, training, targets, holdout=holdout, history=history, observer=observer)
        history.append(row)
        run.write_state(session.snapshot(history))
        observer.on_epoch(row)
    return session.shipped


def split_holdout(images: LabelledImages, share: float, seed: int) -> tuple[LabelledImages, LabelledImages]:
    """Return (training, held out): a seeded `share` of each class is held out.

    An image that FER2013 holds twice is never held out, for its copy would be trained on.
    """
    rng = np.random.default_rng([seed, 0x401D])
    _, first, counts = np.unique(images.images.reshape(len(images), -1), axis=0, return_index=True, return_counts=True)
    unique = np.zeros(len(images), bool)
    unique[first[counts == 1]] = True
    held = np.zeros(len(images), bool)
    for label in range(len(LABELS)):
        members = np.flatnonzero((images.labels == label) & unique)
        held[rng.permutation(members)[: round(share * len(members))]] = True
    return images.take(np.flatnonzero(~held)), images.take(np.flatnonzero(held))


def holdout_losses(history: list[EpochRow]) -> list[float]:
    """Return the held-out losses of the epochs that measured one."""
    return [row.holdout_loss for row in history if row.holdout_loss is not None]


class _Session:
    """The network in training, its optimizer, and the network that will be handed out."""

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.model = _build(config)
        self.shipped = _build(config)
        self.teacher = Teacher(config.teacher) if config.teacher else None
        self.shipped.set_weights(self.model.get_weights())
        self.optimizer = _optimizer(config)
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=config.label_smoothing)
        self.model.compile(self.optimizer, loss, metrics=["accuracy"], jit_compile=config.jit_compile)
        # XLA would compile again for the odd last batch; evaluation is too short to repay it.
        self.shipped.compile(loss="categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
        self.optimizer.build(self.model.trainable_variables)
        self._average = tf.function(self._average_once)
        self._size: int | None = None

    def run_epoch(
        self,
        epoch: int,
        training: LabelledImages,
        targets: Targets,
        *,
        holdout: LabelledImages,
        history: list[EpochRow],
        observer: Observer,
    ) -> EpochRow:
        """Train for one epoch, choose the shipped weights, and measure them on the held-out images."""
        started = time.monotonic()
        size = self.config.image_size(epoch)
        if size != self._size:
            # A fresh trace per size: a trace relaxed to any size rounds differently, and a resumed
            # run, which never saw the earlier size, would drift from an uninterrupted one.
            self.model.make_train_function(force=True)
            self._size = size
        rng = np.random.default_rng([self.config.seed, epoch])
        order = rng.permutation(len(training))
        batch_size = min(self.config.batch_size, len(training))
        steps = len(training) // batch_size
        loss_sum = accuracy_sum = 0.0
        for step in range(steps):
            rate = self._rate(epoch * steps + step, self.config.epochs * steps, history)
            chosen = order[step * batch_size : (step + 1) * batch_size]
            pixels = augment_batch(training.images[chosen], self.config, size, rng)
            logs = self._step(pixels, self._targets(targets[chosen], pixels), rate)
            loss_sum += float(logs["loss"])
            accuracy_sum += float(logs["accuracy"])
            observer.on_step(epoch + 1, step + 1, steps, loss_sum / (step + 1), accuracy_sum / (step + 1))
        holdout_loss, holdout_accuracy = self._measure(holdout, history)
        return EpochRow(
            epoch=epoch + 1,
            image_size=size,
            learning_rate=rate,
            train_loss=loss_sum / steps,
            train_accuracy=accuracy_sum / steps,
            holdout_loss=holdout_loss,
            holdout_accuracy=holdout_accuracy,
            seconds=time.monotonic() - started,
        )

    def _targets(self, targets: Targets, pixels: npt.NDArray[np.float32]) -> Targets:
        """Return the batch's targets, blended with the teacher's answers where there is one."""
        if self.teacher is None:
            return targets
        weight = self.config.teacher_weight
        return (1 - weight) * targets + weight * self.teacher.label(pixels)

    def _rate(self, step: int, total: int, history: list[EpochRow]) -> float:
        if self.config.schedule == "one_cycle":
            return schedule.one_cycle(self.config, step, total)
        return schedule.plateau(self.config, holdout_losses(history))

    def _step(self, pixels: npt.NDArray[np.float32], targets: npt.NDArray[np.float32], rate: float) -> dict[str, float]:
        self.optimizer.learning_rate.assign(rate)
        logs: dict[str, float] = self.model.train_on_batch(pixels, targets, return_dict=True)
        if self.config.average_decay:
            # A short average at first, so that the random start is forgotten.
            count = float(self.optimizer.iterations)
            self._average(tf.constant(min(self.config.average_decay, (1 + count) / (10 + count)), tf.float32))
        return logs

    def _average_once(self, decay: tf.Tensor) -> None:
        """Move the shipped weights, batch statistics included, towards the trained ones."""
        for average, weight in zip(self.shipped.weights, self.model.weights, strict=True):
            average.assign(average * decay + weight * (1 - decay))

    def _measure(self, holdout: LabelledImages, history: list[EpochRow]) -> tuple[float | None, float | None]:
        """Return (loss, accuracy) on the held-out images, and choose the weights that ship."""
        if self.config.average_decay or not len(holdout):
            if not self.config.average_decay:
                self.shipped.set_weights(self.model.get_weights())
            return self._evaluate(holdout)
        best = self.shipped.get_weights()
        self.shipped.set_weights(self.model.get_weights())
        loss, accuracy = self._evaluate(holdout)
        if (
            self.config.early_stopping_patience
            and loss is not None
            and loss > min(holdout_losses(history), default=loss)
        ):
            self.shipped.set_weights(best)
        return loss, accuracy

    def _evaluate(self, holdout: LabelledImages) -> tuple[float | None, float | None]:
        if not len(holdout):
            return None, None
        logs = self.shipped.evaluate(
            holdout.images.astype(np.float32), one_hot(holdout.labels), batch_size=256, verbose=0, return_dict=True
        )
        return logs["loss"], logs["accuracy"]

    def snapshot(self, history: list[EpochRow]) -> TrainState:
        """Return copies of every variable."""
        return TrainState(
            model=[variable.numpy().copy() for variable in self.model.variables],
            optimizer=[variable.numpy().copy() for variable in self.optimizer.variables],
            shipped=self.shipped.get_weights(),
            history=history,
        )

    def restore(self, state: TrainState) -> None:
        """Set every variable to the state's."""
        for variable, value in zip(self.model.variables, state.model, strict=True):
            variable.assign(value)
        for variable, value in zip(self.optimizer.variables, state.optimizer, strict=True):
            variable.assign(value)
        self.shipped.set_weights(state.shipped)


def _build(config: TrainConfig) -> keras.Model:
    return build_model(config.model, widths=config.widths, blocks=config.blocks, dropout=config.dropout)


def _optimizer(config: TrainConfig) -> keras.optimizers.Optimizer:
    if config.optimizer == "adam":
        optimizer = keras.optimizers.Adam(config.learning_rate, weight_decay=config.weight_decay or None)
    else:
        optimizer = keras.optimizers.SGD(
            config.learning_rate, momentum=0.9, nesterov=True, weight_decay=config.weight_decay or None
        )
    if config.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer
