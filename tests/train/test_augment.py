"""Augmentation: what each field does to the pixels, and that it repeats with its seed."""

import numpy as np
from helpers import random_faces

from fer_edge.train.augment import augment_batch, mix_batch
from fer_edge.train.config import load_recipe
from fer_edge.train.labels import one_hot

NO_AUGMENTATION = {
    "rotation_degrees": 0.0,
    "horizontal_flip": False,
    "zoom": [1.0, 1.0],
    "brightness": 0.0,
    "translation": 0.0,
    "erasing": 0.0,
}


def test_augmentation_off_changes_nothing() -> None:
    config = load_recipe("edge_cnn_s", dict(NO_AUGMENTATION))
    images = random_faces(5)
    got = augment_batch(images, config, 48, np.random.default_rng(0))
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, images)


def test_flip_alone_mirrors_half_of_the_images() -> None:
    config = load_recipe("edge_cnn_s", {**NO_AUGMENTATION, "horizontal_flip": True})
    images = random_faces(40)
    got = augment_batch(images, config, 48, np.random.default_rng(0))
    mirrored = [np.array_equal(new, old[:, ::-1]) for new, old in zip(got, images, strict=True)]
    kept = [np.array_equal(new, old) for new, old in zip(got, images, strict=True)]
    assert all(m != k for m, k in zip(mirrored, kept, strict=True))
    assert 8 < sum(mirrored) < 32


def test_translation_moves_by_at_most_its_share() -> None:
    config = load_recipe("edge_cnn_s", {**NO_AUGMENTATION, "translation": 0.1})
    dot = np.zeros((50, 48, 48, 1), np.uint8)
    dot[:, 22:26, 22:26] = 200
    for image in augment_batch(dot, config, 48, np.random.default_rng(0))[..., 0]:
        rows, columns = np.mgrid[:48, :48]
        centre = np.array([(rows * image).sum(), (columns * image).sum()]) / image.sum()
        assert np.abs(centre - 23.5).max() <= 4.9


def test_clean_images_keep_their_pixels_but_for_a_mirror_and_whole_steps() -> None:
    """Each is found again, pixel for pixel, at one of the 5 x 5 places, mirrored or not."""
    config = load_recipe("edge_cnn_s", {"clean": 1.0, "erasing": 0.9, "brightness": 0.5, "translation": 0.1})
    images = random_faces(12)
    moved = mirrored = 0
    for new, old in zip(augment_batch(images, config, 48, np.random.default_rng(0)), images, strict=True):
        inner = new[4:-4, 4:-4]
        places = [
            (down, right, mirror)
            for mirror in (False, True)
            for down in range(-2, 3)
            for right in range(-2, 3)
            for view in [old[:, ::-1] if mirror else old]
            if np.array_equal(inner, view[4 - down : 44 - down, 4 - right : 44 - right])
        ]
        assert len(places) == 1
        moved += places[0][:2] != (0, 0)
        mirrored += places[0][2]
    assert moved > 6
    assert 2 < mirrored < 10


def test_the_clean_share_leaves_the_others_augmented() -> None:
    config = load_recipe("edge_cnn_s", {"clean": 0.5, "horizontal_flip": False, "translation": 0.0})
    images = random_faces(200)
    got = augment_batch(images, config, 48, np.random.default_rng(0))
    assert 70 < sum(np.array_equal(new, old) for new, old in zip(got, images, strict=True)) < 130


def test_cubic_interpolation_is_sharper_than_linear() -> None:
    images = random_faces(10)
    linear, cubic = (
        augment_batch(images, load_recipe("edge_cnn_s", {"interpolation": kind}), 48, np.random.default_rng(0))
        for kind in ("linear", "cubic")
    )
    assert np.abs(np.diff(cubic, axis=1)).mean() > 1.1 * np.abs(np.diff(linear, axis=1)).mean()


def test_augmentation_repeats_with_its_seed_and_stays_in_range() -> None:
    config = load_recipe("edge_cnn_s")
    first, again, other = (
        augment_batch(random_faces(8), config, 36, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert first.shape == (8, 36, 36, 1)
    assert 0 <= first.min() <= first.max() <= 255
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_mixup_blends_pixels_and_targets_alike() -> None:
    targets = one_hot(np.arange(7))
    pixels = np.zeros((7, 2, 2, 1), np.float32) + np.arange(7, dtype=np.float32).reshape(7, 1, 1, 1)
    mixed, mixed_targets = mix_batch(pixels, targets, 0.4, np.random.default_rng(0))
    np.testing.assert_allclose(mixed_targets.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(mixed_targets @ np.arange(7), mixed[:, 0, 0, 0], rtol=1e-5)
    assert (mixed_targets.max(axis=1) < 1).any()
