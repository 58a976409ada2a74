"""The images held out of training."""

import numpy as np
from helpers import labelled_faces

from fer_edge.data.holdout import split_holdout
from fer_edge.types import LabelledImages


def with_copies() -> LabelledImages:
    """140 images, 20 a class; image 7 copies image 0 of its class, and image 15 copies image 1 of the same class."""
    images = labelled_faces(140, split="train")
    images.images[7] = images.images[0]
    images.images[15] = images.images[1]
    return images


def test_holdout_is_stratified_and_seeded() -> None:
    images = with_copies()
    training, holdout = split_holdout(images, 0.2, seed=1)
    assert set(training.names) | set(holdout.names) == set(images.names)
    assert not set(training.names) & set(holdout.names)
    assert np.bincount(holdout.labels).tolist() == [4, 4, 4, 4, 4, 4, 4]
    assert split_holdout(images, 0.2, seed=1)[1].names == holdout.names
    assert split_holdout(images, 0.2, seed=2)[1].names != holdout.names


def test_images_keep_their_labels_and_names() -> None:
    images = with_copies()
    known = {
        name: (image.tobytes(), label)
        for name, image, label in zip(images.names, images.images, images.labels, strict=True)
    }
    for part in split_holdout(images, 0.3, seed=3):
        assert part.split == "train"
        for name, image, label in zip(part.names, part.images, part.labels, strict=True):
            assert known[name] == (image.tobytes(), label)


def test_no_image_is_both_trained_on_and_held_out() -> None:
    """Neither of two copies is held out, even where nearly everything else is."""
    images = with_copies()
    copies = {images.names[index] for index in (0, 1, 7, 15)}
    for seed in range(5):
        training, holdout = split_holdout(images, 0.95, seed=seed)
        assert copies <= set(training.names)
        assert not {image.tobytes() for image in training.images} & {image.tobytes() for image in holdout.images}


def test_share_zero_holds_nothing_out() -> None:
    training, holdout = split_holdout(with_copies(), 0.0, seed=1)
    assert (len(training), len(holdout)) == (140, 0)
