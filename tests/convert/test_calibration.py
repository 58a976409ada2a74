"""Which images the int8 ranges are found on: drawn from every class, repeatable, and never those that measure."""

import hashlib

import numpy as np
import pytest
from helpers import random_faces

from fer_edge.convert.calibration import CalibrationSet, draw_any, select_calibration
from fer_edge.errors import DataError
from fer_edge.types import LabelledImages


def labelled(split: str, per_class: list[int], seed: int) -> LabelledImages:
    labels = np.repeat(np.arange(7), per_class).astype(np.int64)
    return LabelledImages(
        random_faces(len(labels), seed), labels, split, tuple(f"{split}{i}.png" for i in range(len(labels)))
    )


def test_classes_are_drawn_equally_as_far_as_they_go() -> None:
    train = labelled("train", [3, 30, 30, 30, 30, 30, 30], seed=1)
    chosen = select_calibration({"train": train}, size=35, seed=5)
    counts = np.bincount(train.labels[list(chosen.indices)], minlength=7)
    assert counts.tolist() == [3, 6, 6, 5, 5, 5, 5]  # all that the first has; the rest shared out in turn
    assert select_calibration({"train": train}, size=7, seed=5).indices != tuple(range(7))


def test_a_draw_says_what_it_took() -> None:
    train = labelled("train", [4] * 7, seed=1)
    chosen = select_calibration({"train": train}, size=14, seed=9)
    assert list(chosen.indices) == sorted(set(chosen.indices))
    np.testing.assert_array_equal(chosen.images, train.images[list(chosen.indices)])
    assert chosen.describe() == {
        "source": "fer2013",
        "split": "train",
        "seed": 9,
        "count": 14,
        "indices": list(chosen.indices),
        "sha256": hashlib.sha256(chosen.images.tobytes()).hexdigest(),
    }
    assert all(type(index) is int for index in chosen.indices), "JSON knows no numbers of NumPy"


def test_the_seed_decides() -> None:
    train = labelled("train", [10] * 7, seed=1)
    first, again, other = (select_calibration({"train": train}, size=35, seed=seed) for seed in (5, 5, 6))
    assert first.indices == again.indices
    assert first.indices != other.indices


def test_images_of_any_other_split_are_left_out() -> None:
    """One image of every class stands in PublicTest too, and one of the first class in PrivateTest."""
    train = labelled("train", [5] * 7, seed=1)
    public, private = labelled("public", [1] * 7, seed=2), labelled("private", [1] + [0] * 6, seed=3)
    public.images[:] = train.images[::5]
    private.images[:] = train.images[1]
    splits = {"public": public, "train": train, "private": private}
    chosen = select_calibration(splits, size=27, seed=0)
    assert set(chosen.indices) == set(range(35)) - {0, 5, 10, 15, 20, 25, 30, 1}
    with pytest.raises(DataError, match=r"from 7 to the 27 usable images of split 'train', got 28"):
        select_calibration(splits, size=28, seed=0)


def test_another_split_can_be_drawn_from() -> None:
    public = labelled("public", [2] * 7, seed=2)
    chosen = select_calibration(
        {"train": labelled("train", [2] * 7, seed=1), "public": public}, size=14, seed=0, split="public"
    )
    assert (chosen.split, chosen.indices) == ("public", tuple(range(14)))
    np.testing.assert_array_equal(chosen.images, public.images)


@pytest.mark.parametrize("size", [0, 6, 15, -1])
def test_sizes_that_no_draw_can_have(size: int) -> None:
    with pytest.raises(DataError, match="from 7 to the 14 usable"):
        select_calibration({"train": labelled("train", [2] * 7, seed=1)}, size=size, seed=0)


def test_a_split_that_is_not_there_is_named() -> None:
    with pytest.raises(DataError, match=r"split 'train'; .* only public, private"):
        select_calibration({name: labelled(name, [2] * 7, seed=1) for name in ("public", "private")}, size=7, seed=0)


def test_pictures_without_labels() -> None:
    pictures = random_faces(10)
    drawn = draw_any(pictures, "holiday", size=9, seed=4)
    assert (drawn.source, drawn.split, drawn.seed, len(drawn.indices)) == ("holiday", None, 4, 9)
    assert list(drawn.indices) == sorted(set(drawn.indices))
    np.testing.assert_array_equal(drawn.images, pictures[list(drawn.indices)])
    assert drawn.indices == draw_any(pictures, "holiday", size=9, seed=4).indices
    assert len({draw_any(pictures, "holiday", size=5, seed=seed).indices for seed in range(4)}) > 1
    assert len(draw_any(pictures, "holiday", size=1, seed=0).indices) == 1
    for size in (0, 10, 11):
        with pytest.raises(DataError, match=rf"from 1 to 9, .* pictures in holiday, got {size}"):
            draw_any(pictures, "holiday", size=size, seed=0)


def test_a_set_of_all_images_has_neither_split_nor_seed() -> None:
    described = CalibrationSet(random_faces(2), "synthetic", None, None, (0, 1)).describe()
    assert (described["split"], described["seed"], described["count"]) == (None, None, 2)
