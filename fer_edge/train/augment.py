"""Augmentation with OpenCV: one affine warp an image, which also resizes it to the training size.

It costs a few per cent of a training step (docs/lab-notes.md), so it runs in the training loop
itself, where a seed makes it repeat exactly.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.train.config import TrainConfig

Pixels = npt.NDArray[np.float32]


def augment_batch(images: npt.NDArray[np.uint8], config: TrainConfig, size: int, rng: np.random.Generator) -> Pixels:
    """Return random variants of `images` (uint8, N x H x W x 1) as float32 N x size x size x 1, 0..255."""
    batch = np.empty((len(images), size, size, 1), np.float32)
    flags = cv2.INTER_CUBIC if config.interpolation == "cubic" else cv2.INTER_LINEAR
    clean = rng.random(len(images)) < config.clean if config.clean else np.zeros(len(images), bool)
    for image, target, is_clean in zip(images, batch, clean, strict=True):
        if is_clean:
            target[:, :, 0] = _clean_view(image, size, config, rng)
            continue
        matrix = random_affine(image.shape[0], size, config, rng)
        warped = cv2.warpAffine(image, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REFLECT_101)
        target[:, :, 0] = warped
        if rng.random() < config.erasing:
            _erase(target, rng)
    gain = rng.uniform(1 - config.brightness, 1 + config.brightness, (len(images), 1, 1, 1))
    gain[clean] = 1
    return np.clip(batch * gain.astype(np.float32), 0, 255)


def mix_batch(pixels: Pixels, targets: Pixels, alpha: float, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
    """Return the batch blended with itself in another order, pixels and targets alike (mixup).

    Args:
        pixels: N x H x W x 1.
        targets: N x 7.
        alpha: of the Beta distribution that the shares are drawn from (arXiv:1710.09412).
        rng: the epoch's generator.
    """
    share = np.float32(rng.beta(alpha, alpha))
    other = rng.permutation(len(pixels))
    return share * pixels + (1 - share) * pixels[other], share * targets + (1 - share) * targets[other]


def random_affine(source: int, size: int, config: TrainConfig, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return a 2 x 3 matrix: flip, rotate and zoom about the centre, move, and scale to `size`."""
    angle = rng.uniform(-config.rotation_degrees, config.rotation_degrees)
    zoom = rng.uniform(config.zoom[0], config.zoom[1]) * size / source
    matrix = cv2.getRotationMatrix2D((0.0, 0.0), angle, zoom)[:, :2]
    if config.horizontal_flip and rng.random() < 0.5:
        matrix[:, 0] *= -1
    shift = rng.uniform(-config.translation, config.translation, 2) * size
    centre = np.full(2, (source - 1) / 2)
    offset = np.full(2, (size - 1) / 2) + shift - matrix @ centre
    return np.column_stack([matrix, offset])


def _clean_view(
    image: npt.NDArray[np.uint8], size: int, config: TrainConfig, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Return the image as sharp as it is: mirrored or not, and moved by whole pixels."""
    edge = image.shape[0]
    reach = int(config.translation * edge / 2)
    right, down = rng.integers(-reach, reach + 1, 2)
    padded = np.pad(image[:, :, 0], reach, mode="reflect")
    view = padded[reach - down : reach - down + edge, reach - right : reach - right + edge]
    if config.horizontal_flip and rng.random() < 0.5:
        view = view[:, ::-1]
    return view if size == edge else cv2.resize(view, (size, size), interpolation=cv2.INTER_AREA).astype(np.uint8)


def _erase(image: Pixels, rng: np.random.Generator) -> None:
    """Fill a random rectangle of 5 to 20 % of the area with a random grey (arXiv:1708.04896)."""
    size = image.shape[0]
    area = rng.uniform(0.05, 0.2) * size * size
    ratio = np.exp(rng.uniform(-0.7, 0.7))
    height = min(size, max(1, int(np.sqrt(area * ratio))))
    width = min(size, max(1, int(np.sqrt(area / ratio))))
    top = rng.integers(0, size - height + 1)
    left = rng.integers(0, size - width + 1)
    image[top : top + height, left : left + width] = rng.uniform(0, 255)
