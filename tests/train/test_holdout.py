"""The images held out of training."""

import numpy as np
from helpers import labelled_faces

from fer_edge.train.holdout import split_holdout


def test_holdout_is_stratified_seeded_and_free_of_copies() -> None:
    images = labelled_faces(140, split="train")
    images.images[7] = images.images[0]  # a copy with the same label
    training, holdout = split_holdout(images, 0.2, seed=1)
    assert len(training) + len(holdout) == 140
    assert set(np.bincount(holdout.labels)) == {4}
    assert not {"train/x/0.png", "train/x/7.png"} & set(holdout.names)
    assert split_holdout(images, 0.2, seed=1)[1].names == holdout.names
    assert split_holdout(images, 0.2, seed=2)[1].names != holdout.names
