"""Targets from the challenge's labels and the FER+ votes."""

import numpy as np
import pytest
from helpers import labelled_faces

from fer_edge.data.votes import majority, read_votes
from fer_edge.errors import DataError
from fer_edge.train.labels import make_targets, one_hot
from fer_edge.types import LABELS


def test_votes_blend_with_labels(tmp_path) -> None:
    path = tmp_path / "votes.csv"
    path.write_text(
        "file,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"
        "train/x/train0.png,4,0,0,0,4,0,0,0,2,0\n"
        "train/x/train1.png,0,0,0,0,0,0,0,3,7,0\n"
        "train/x/train2.png,,,,,,,,,,\n"
    )
    images = labelled_faces(7, split="train")
    votes = read_votes(path)
    assert set(votes) == {"train0.png"}
    shares = make_targets("ferplus", images, votes)
    np.testing.assert_allclose(shares[0], one_hot(np.array([LABELS.index("angry"), LABELS.index("neutral")])).mean(0))
    np.testing.assert_array_equal(shares[1:], one_hot(images.labels[1:]))  # no votes: the label stays
    np.testing.assert_allclose(make_targets("blend", images, votes)[0][LABELS.index("angry")], 0.75)
    np.testing.assert_array_equal(make_targets("fer", images, None), one_hot(images.labels))


def test_posterior_learns_what_the_votes_mean_for_the_labels() -> None:
    """Annotators who vote 'neutral' for what the challenge calls sad: the target says sad."""
    images = labelled_faces(140, split="train")
    sad, neutral = LABELS.index("sad"), LABELS.index("neutral")
    # Every label gets votes of its own class, but 'sad' gets votes for neutral.
    voted = np.where(images.labels == sad, neutral, images.labels)
    votes = {f"train{index}.png": one_hot(voted)[index] for index in range(130)}
    targets = make_targets("posterior", images, votes, weight=1.0)
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-5)
    torn = targets[images.labels == sad][0]
    assert torn[sad] == pytest.approx(0.5, abs=0.05)  # half of those with votes for neutral are sad
    assert torn[neutral] == pytest.approx(0.5, abs=0.05)
    np.testing.assert_array_equal(targets[130:], one_hot(images.labels[130:]))  # no votes: the label stays
    half = make_targets("posterior", images, votes, weight=0.5)
    np.testing.assert_allclose(half, (targets + one_hot(images.labels)) / 2, atol=1e-6)


def test_votes_that_are_missing_or_foreign(tmp_path) -> None:
    with pytest.raises(DataError, match="--votes"):
        make_targets("blend", labelled_faces(7, split="train"), None)
    with pytest.raises(DataError, match="No votes found for these images"):
        make_targets("blend", labelled_faces(7, split="train"), {"other.png": one_hot(np.array([0]))[0]})
    path = tmp_path / "votes.csv"
    path.write_text("file,anger\na.png,1\n")
    with pytest.raises(DataError, match="columns"):
        read_votes(path)
    with pytest.raises(DataError, match="no such file"):
        read_votes(tmp_path / "none.csv")
    for count in ("-4", "1" + 39 * "0", 400 * "9", 10**6 * "1", "1.5", "nan"):  # the long one is csv's own limit
        path.write_text(f"file,neutral,happiness,surprise,sadness,anger,disgust,fear\na.png,{count},9,0,0,0,0,0\n")
        with pytest.raises(DataError, match="counts up to 1000"):
            read_votes(path)


def test_majority_needs_a_single_leader() -> None:
    images = labelled_faces(3, split="train")
    angry, sad = one_hot(np.array([LABELS.index("angry"), LABELS.index("sad")]))
    leaders = majority(images, {"train0.png": angry, "train1.png": (angry + sad) / 2})
    assert leaders.tolist() == [LABELS.index("angry"), -1, -1]
