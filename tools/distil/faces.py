"""The packed faces, read back onto the GPU."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from tools.distil import MOSAIC_EDGE

CLASSES = 7


@dataclass(frozen=True)
class Faces:
    """Images as uint8 N x 48 x 48, labels as int64, `posterior` (N x 7) only of the training images.

    Attributes:
        posterior: how likely each label is, given the image's FER+ votes.
        data_sha256: of the training images, as `fer-edge train` computes it.
    """

    images: torch.Tensor
    labels: torch.Tensor
    posterior: torch.Tensor
    held_images: torch.Tensor
    held_labels: torch.Tensor
    data_sha256: str

    def one_hot(self) -> torch.Tensor:
        """Return the training labels as N x 7."""
        return torch.nn.functional.one_hot(self.labels, CLASSES).float()


def read_faces(folder: Path, device: torch.device, limit: int | None = None) -> Faces:
    """Return what `pack` wrote, on the device; of the training images at most `limit`."""
    Image.MAX_IMAGE_PIXELS = None
    with ThreadPoolExecutor() as threads:
        mosaics = list(threads.map(_read_mosaic, sorted(folder.glob("faces*.jp2"))))
    with np.load(folder / "faces.npz") as stored:
        images = torch.from_numpy(np.concatenate(mosaics)[stored["index"].astype(np.int64)]).to(device)
        labels = torch.from_numpy(stored["labels"].astype(np.int64)).to(device)
        posterior = torch.from_numpy(stored["posterior"].astype(np.float32)).to(device)
        count = int(stored["training"])
        data_sha256 = str(stored["data_sha256"])
    kept = min(count, limit or count)
    return Faces(images[:kept], labels[:kept], posterior[:kept], images[count:], labels[count:], data_sha256)


def _read_mosaic(file: Path) -> npt.NDArray[np.uint8]:
    """Return the N x 48 x 48 faces of a mosaic."""
    tiles = np.asarray(Image.open(file)).reshape(MOSAIC_EDGE, 48, MOSAIC_EDGE, 48)
    return np.ascontiguousarray(tiles.transpose(0, 2, 1, 3)).reshape(-1, 48, 48)
