"""Pack FER2013's training split for a machine that lacks fer-edge: one folder, a tenth smaller than the PNG files.

python -m tools.distil.pack --data fer2013.zip --votes ferplus_votes.csv --out .gpu
"""

from __future__ import annotations

import io
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
from PIL import Image

from fer_edge.data.fer2013 import read_splits
from fer_edge.data.holdout import split_holdout
from fer_edge.data.votes import read_votes
from fer_edge.train.config import load_recipe
from fer_edge.train.labels import make_targets
from tools.distil import MOSAIC_EDGE


@click.command()
@click.option("--data", type=click.Path(path_type=Path), required=True)
@click.option("--votes", type=click.Path(path_type=Path), required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
def pack(data: Path, votes: Path, out: Path) -> None:
    """Write the training images as mosaics, and what is known of them, split as the bundled networks' recipes do."""
    recipe = load_recipe("edge_cnn_m")
    images = read_splits(data, "train")["train"]
    training, holdout = split_holdout(images, recipe.holdout, recipe.seed)
    faces = np.concatenate([training.images, holdout.images])[..., 0]
    unique, index = np.unique(faces.reshape(len(faces), -1), axis=0, return_inverse=True)
    out.mkdir(parents=True, exist_ok=True)
    for number, mosaic in enumerate(_mosaics(unique)):
        buffer = io.BytesIO()
        Image.fromarray(mosaic).save(buffer, "JPEG2000", irreversible=False)
        (out / f"faces{number:02d}.jp2").write_bytes(buffer.getvalue())
    np.savez_compressed(
        out / "faces.npz",
        index=index.astype(np.uint16),
        labels=np.concatenate([training.labels, holdout.labels]).astype(np.uint8),
        posterior=make_targets("posterior", training, read_votes(votes), 1.0).astype(np.float16),
        training=np.array(len(training)),
        data_sha256=np.array(training.sha256()),
    )
    size = sum(file.stat().st_size for file in out.iterdir())
    print(f"{len(training)} training and {len(holdout)} held-out faces in {out}: {size / 1e6:.1f} MB")


def _mosaics(faces: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.uint8]]:
    """Return squares of MOSAIC_EDGE x MOSAIC_EDGE faces, the last one filled up with black; faces are N x 2304."""
    cells = MOSAIC_EDGE**2
    padded = np.concatenate([faces, np.zeros((-len(faces) % cells, faces.shape[1]), np.uint8)])
    tiles = padded.reshape(-1, MOSAIC_EDGE, MOSAIC_EDGE, 48, 48).transpose(0, 1, 3, 2, 4)
    return list(tiles.reshape(len(tiles), MOSAIC_EDGE * 48, MOSAIC_EDGE * 48))


if __name__ == "__main__":
    pack()
