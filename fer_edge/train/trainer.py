"""The training loop: recipe and images in, a run folder that resumes exactly after every epoch."""

from __future__ import annotations

import math
import time
from typing import Protocol

import keras
import numpy as np
import numpy.typing as npt

from fer_edge.data.holdout import split_holdout
from fer_edge.data.votes import Votes
from fer_edge.errors import RecipeError
from fer_edge.train import schedule
from fer_edge.train.config import TrainConfig
from fer_edge.train.devices import find_devices
from fer_edge.train.labels import Targets, make_targets, one_hot
from fer_edge.train.run import EpochRow, RunFolder
from fer_edge.train.session import Session
from fer_edge.train.teacher import Teacher, blend
from fer_edge.types import LabelledImages


class Observer(Protocol):
    """Whoever wants to see training go on, such as a progress bar."""

    def on_answers(self, answered: int, images: int) -> None:
        """Called while the teachers look at the training images, with how many they have answered."""

    def on_step(self, epoch: int, step: int, steps: int, loss: float, accuracy: float) -> None:
        """Called after every optimizer step, counted from 1, with the epoch's means so far."""

    def on_epoch(self, row: EpochRow) -> None:
        """Called after an epoch has been written to disk."""


def train(
    config: TrainConfig, images: LabelledImages, run: RunFolder, observer: Observer, votes: Votes | None = None
) -> keras.Model:
    """Train, or go on training, in `run`; return the network that the run hands out.

    Each epoch draws its order and its augmentation from (seed, epoch), and the checkpoint holds
    every variable, so an interrupted run ends with the same weights as an uninterrupted one. Nothing is
    written before all that the recipe names has been found.

    Raises:
        RecipeError: the recipe names what does not fit, the run's checkpoint is damaged, or belongs to other images
            or another recipe, or the training diverged.
    """
    keras.utils.set_random_seed(config.seed)
    find_devices()  # hosts are joined before anything is computed
    training, holdout = split_holdout(images, config.holdout, config.seed)
    targets = make_targets(config.labels, training, votes, config.votes_weight)
    taught_once = bool(config.teacher) and config.teacher_sees == "images"
    answers = run.read_answers(training.sha256()) if taught_once else None
    teacher = Teacher(config.teacher) if taught_once and answers is None else None
    session = Session(config)
    state = run.read_state()
    history = state.history if state else []
    data_sha256 = images.sha256()
    if state:
        if state.data_sha256 not in {"", data_sha256}:
            raise RecipeError(
                f"{run.path} was trained on different images; continue with the same copy of FER2013, or start a new "
                "run."
            )
        session.restore(state)
    elif config.initial:
        session.start_from(config.initial)
    run.write_recipe(config)
    if teacher is not None:
        answers = _ask(teacher, training, run, observer)
    if answers is not None:
        targets = blend(targets, answers, config.teacher_weight)
    for epoch in range(len(history), config.epochs):
        if schedule.should_stop(config, holdout_losses(history)):
            break
        started = time.monotonic()
        rate, loss, accuracy = _run_epoch(session, epoch, training, targets, history=history, observer=observer)
        holdout_loss, holdout_accuracy = _choose_shipped(session, holdout, history)
        row = EpochRow(
            epoch=epoch + 1,
            image_size=config.image_size(epoch),
            learning_rate=rate,
            train_loss=loss,
            train_accuracy=accuracy,
            holdout_loss=holdout_loss,
            holdout_accuracy=holdout_accuracy,
            seconds=time.monotonic() - started,
        )
        history.append(row)
        run.write_state(session.snapshot(history, data_sha256))
        observer.on_epoch(row)
    return session.shipped


def _ask(teacher: Teacher, training: LabelledImages, run: RunFolder, observer: Observer) -> Targets:
    """Return the teachers' answers (N x 7), kept in the run folder: it then resumes without the teachers."""
    answers = teacher.label_images(training.images, observer.on_answers)
    run.write_answers(training.sha256(), answers)
    return answers.astype(np.float16).astype(np.float32)  # as a resumed run will read them


def holdout_losses(history: list[EpochRow]) -> list[float]:
    """Return the held-out losses of the epochs that measured one."""
    return [row.holdout_loss for row in history if row.holdout_loss is not None]


def _run_epoch(
    session: Session,
    epoch: int,
    training: LabelledImages,
    targets: Targets,
    *,
    history: list[EpochRow],
    observer: Observer,
) -> tuple[float, float, float]:
    """Train for one epoch; return the last learning rate, the mean loss and the mean accuracy."""
    config = session.config
    size = config.image_size(epoch)
    rng = np.random.default_rng([config.seed, epoch])
    # PyTorch's dropout draws from a global generator, which no checkpoint holds.
    keras.utils.set_random_seed((config.seed + epoch) % 2**32)
    order = epoch_order(training.labels, config.balance, rng)
    batch_size = min(config.batch_size, len(training))
    steps = len(training) // batch_size
    rate = loss_sum = accuracy_sum = 0.0
    for step in range(steps):
        rate = schedule.learning_rate(config, epoch + step / steps, holdout_losses(history))
        chosen = order[step * batch_size : (step + 1) * batch_size]
        loss, accuracy = session.train_batch(training.images[chosen], targets[chosen], size=size, rate=rate, rng=rng)
        if not math.isfinite(loss):
            raise RecipeError(
                f"The training diverged: the loss is {loss} in step {step + 1} of epoch {epoch + 1}. Start again with "
                f"a lower learning_rate than {config.learning_rate:g}."
            )
        loss_sum += loss
        accuracy_sum += accuracy
        observer.on_step(epoch + 1, step + 1, steps, loss_sum / (step + 1), accuracy_sum / (step + 1))
    return rate, loss_sum / steps, accuracy_sum / steps


def epoch_order(labels: npt.NDArray[np.int64], balance: float, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return the indices of the images in the order of one epoch, as many as there are labels.

    With `balance` 0 each image comes once. Else a class of n images is drawn (largest / n) ** balance
    times as often, so that 1 would give all classes the same share (Mahajan et al. 2018,
    arXiv:1805.00932, use 0.5).
    """
    counts = np.bincount(labels)
    weights = (counts.max() / counts[labels]) ** balance
    # A weight of 1.3 is one copy, and a second one with a chance of 0.3.
    repeats = np.floor(weights + rng.random(len(labels))).astype(np.int64) if balance else np.ones_like(labels)
    return rng.permutation(np.repeat(np.arange(len(labels)), repeats))[: len(labels)]


def _choose_shipped(
    session: Session, holdout: LabelledImages, history: list[EpochRow]
) -> tuple[float | None, float | None]:
    """Choose the weights that the run would hand out now; return the held-out loss and accuracy.

    With averaging they are the average. Else they are the newest, but with early stopping those of
    the epoch with the lowest held-out loss.
    """
    best = [weight.copy() for weight in session.shipped.get_weights()]  # PyTorch gives views
    if not session.config.average_decay:
        session.shipped.set_weights(session.model.get_weights())
    if not len(holdout):
        return None, None
    loss, accuracy = session.evaluate(holdout.images, one_hot(holdout.labels))
    if session.config.early_stopping_patience and loss > min(holdout_losses(history), default=loss):
        session.shipped.set_weights(best)
    return loss, accuracy
