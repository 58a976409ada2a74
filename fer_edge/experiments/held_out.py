"""What a trial's network makes of the images that it held out, one by one, kept in its run folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.data.holdout import split_holdout
from fer_edge.errors import DataError
from fer_edge.experiments.trial_run import Trial
from fer_edge.files import replacing
from fer_edge.types import LabelledImages


@dataclass(frozen=True)
class HeldOut:
    """Answers to held-out images.

    Attributes:
        images: which they are: eight bytes of each one's hash.
        labels: what is right.
        predicted: what the network said.
    """

    images: npt.NDArray[np.uint64]
    labels: npt.NDArray[np.int64]
    predicted: npt.NDArray[np.int64]

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        """Which answers are right."""
        return np.asarray(self.labels == self.predicted)


def held_out_file(trial: Trial) -> Path:
    """Return where a trial's answers lie."""
    return trial.run.path / "held_out.npz"


def read_held_out(trial: Trial) -> HeldOut:
    """Return the answers that `measure_held_out` wrote.

    Raises:
        DataError: the file is damaged.
    """
    path = held_out_file(trial)
    try:
        with np.load(path, allow_pickle=False) as stored:
            found = HeldOut(*(stored[name] for name in ("images", "labels", "predicted")))
            if not found.images.shape == found.labels.shape == found.predicted.shape == (max(1, len(found.images)),):
                raise ValueError("its parts differ in length")
    except Exception as error:  # as for a run's checkpoint
        raise DataError(f"{path} is damaged ({type(error).__name__}); delete it to measure the trial again.") from error
    return found


def measure_held_out(
    trials: Sequence[Trial], training: LabelledImages, notify: Callable[[int, int], None] = lambda done, total: None
) -> None:
    """Ask each trial's network about the images of the training split that it held out, and write its answers.

    The images have the size that the network was trained on last: at another, short runs that stopped at small faces
    are good for nothing, and in another order.
    """
    from fer_edge.kerasfile.load import load_keras, predict_keras

    parts: dict[tuple[float, int], LabelledImages] = {}
    for done, trial in enumerate(trials):
        notify(done, len(trials))
        config = trial.config
        key = (config.holdout, config.seed)
        if key not in parts:
            parts[key] = split_holdout(training, *key)[1]
        images = parts[key]
        if not len(images):
            raise DataError(f"No image is held out of {len(training):,}: raise 'holdout' in [shared].")
        faces = _resized(images.images, config.image_size(config.epochs - 1))
        predicted = predict_keras(load_keras(trial.run.model).network, faces).argmax(axis=1)
        with replacing(held_out_file(trial)) as temporary:
            np.savez_compressed(temporary, images=_names(images), labels=images.labels, predicted=predicted)


def _resized(images: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint8]:
    """Return N x size x size x 1 images, sampled as augmentation samples them."""
    if images.shape[1] == size:
        return images
    return np.stack([cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR) for image in images])[..., None]


def _names(images: LabelledImages) -> npt.NDArray[np.uint64]:
    """Return a number for each image that only equal pixels share."""
    hashes = b"".join(sha256(image.tobytes()).digest()[:8] for image in images.images)
    return np.frombuffer(hashes, "<u8").astype(np.uint64)
