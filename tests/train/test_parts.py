"""Augmentation, schedules, labels, networks and the hold-out: the parts of training."""

import dataclasses

import keras
import numpy as np
import pytest

from fer_edge.errors import DataError, RecipeError
from fer_edge.keras_file import predict_keras
from fer_edge.train.augment import augment_batch, mix_batch
from fer_edge.train.budget import fit_epochs, parse_duration
from fer_edge.train.config import load_recipe
from fer_edge.train.holdout import split_holdout
from fer_edge.train.labels import make_targets, one_hot
from fer_edge.train.models import build_model
from fer_edge.train.precision import fast_copy
from fer_edge.train.schedule import one_cycle, plateau, should_stop
from fer_edge.train.session import Session
from fer_edge.train.teacher import Teacher
from fer_edge.train.temperature import fit_temperature, fold_temperature
from fer_edge.train.trainer import epoch_order
from fer_edge.types import LABELS, LabelledImages
from fer_edge.votes import majority, read_votes

NO_AUGMENTATION = {
    "rotation_degrees": 0.0,
    "horizontal_flip": False,
    "zoom": [1.0, 1.0],
    "brightness": 0.0,
    "translation": 0.0,
    "erasing": 0.0,
}


def noise(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 48, 48, 1), dtype=np.uint8)


def labelled(count: int = 140) -> LabelledImages:
    labels = np.arange(count, dtype=np.int64) % 7
    return LabelledImages(noise(count), labels, "train", tuple(f"train/x/{i}.png" for i in range(count)))


# --- augmentation


def test_augmentation_off_changes_nothing() -> None:
    config = load_recipe("edge_cnn_s", dict(NO_AUGMENTATION))
    images = noise(5)
    got = augment_batch(images, config, 48, np.random.default_rng(0))
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, images)


def test_flip_alone_mirrors_half_of_the_images() -> None:
    config = load_recipe("edge_cnn_s", {**NO_AUGMENTATION, "horizontal_flip": True})
    images = noise(40)
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


def test_augmentation_repeats_with_its_seed_and_stays_in_range() -> None:
    config = load_recipe("edge_cnn_s")
    first, again, other = (augment_batch(noise(8), config, 36, np.random.default_rng(seed)) for seed in (1, 1, 2))
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


# --- schedules


def test_one_cycle_rises_then_falls_to_zero() -> None:
    config = load_recipe("edge_cnn_s", {"learning_rate": 0.1, "warmup": 0.1, "epochs": 10})
    rates = [one_cycle(config, step / 10) for step in range(100)]
    assert max(rates) == pytest.approx(0.1)
    assert rates.index(max(rates)) == 10
    assert rates[0] == pytest.approx(0.004)
    assert rates[-1] < 1e-4


def test_extended_run_starts_a_second_cycle_at_the_last_size() -> None:
    sizes = [[0.0, 36], [0.5, 48]]
    config = load_recipe("edge_cnn_s", {"epochs": 10, "image_sizes": sizes})
    longer = dataclasses.replace(config, epochs=14, restarts=[10])
    for epoch in (0, 4.5, 9.9):
        assert one_cycle(longer, epoch) == one_cycle(config, epoch)
    assert one_cycle(longer, 10) == one_cycle(config, 0)
    assert one_cycle(longer, 10.4) == pytest.approx(config.learning_rate)
    assert one_cycle(longer, 13.99) < 1e-4
    assert [longer.image_size(epoch) for epoch in (4, 5, 10, 13)] == [36, 48, 48, 48]


def test_plateau_halves_after_patience_without_improvement() -> None:
    config = load_recipe("seed_cnn", {"plateau_patience": 2, "plateau_factor": 0.5, "learning_rate": 1.0})
    assert plateau(config, []) == 1.0
    assert plateau(config, [3, 2, 2, 1.9]) == 1.0
    assert plateau(config, [3, 2, 2, 2.1]) == 0.5
    assert plateau(config, [3, 2, 2, 2.1, 2, 2.2]) == 0.25


def test_early_stopping_counts_from_the_best_epoch() -> None:
    config = load_recipe("seed_cnn", {"early_stopping_patience": 2})
    assert not should_stop(config, [3, 1, 2])
    assert should_stop(config, [3, 1, 2, 1.5])
    assert not should_stop(load_recipe("edge_cnn_s"), [1.0] * 50)


# --- labels


def test_votes_blend_with_labels(tmp_path) -> None:
    path = tmp_path / "votes.csv"
    path.write_text(
        "file,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"
        "train/x/0.png,4,0,0,0,4,0,0,0,2,0\n"
        "train/x/1.png,0,0,0,0,0,0,0,3,7,0\n"
        "train/x/2.png,,,,,,,,,,\n"
    )
    images = labelled(7)
    votes = read_votes(path)
    assert set(votes) == {"0.png"}
    shares = make_targets("ferplus", images, votes)
    np.testing.assert_allclose(shares[0], one_hot(np.array([LABELS.index("angry"), LABELS.index("neutral")])).mean(0))
    np.testing.assert_array_equal(shares[1:], one_hot(images.labels[1:]))  # no votes: the label stays
    np.testing.assert_allclose(make_targets("blend", images, votes)[0][LABELS.index("angry")], 0.75)
    np.testing.assert_array_equal(make_targets("fer", images, None), one_hot(images.labels))


def test_posterior_learns_what_the_votes_mean_for_the_labels() -> None:
    """Annotators who vote 'neutral' for what the challenge calls sad: the target says sad."""
    images = labelled(140)
    sad, neutral = LABELS.index("sad"), LABELS.index("neutral")
    # Every label gets votes of its own class, but 'sad' gets votes for neutral.
    voted = np.where(images.labels == sad, neutral, images.labels)
    votes = {f"{index}.png": one_hot(voted)[index] for index in range(130)}
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
        make_targets("blend", labelled(7), None)
    with pytest.raises(DataError, match="none of these images"):
        make_targets("blend", labelled(7), {"other.png": one_hot(np.array([0]))[0]})
    path = tmp_path / "votes.csv"
    path.write_text("file,anger\na.png,1\n")
    with pytest.raises(DataError, match="columns"):
        read_votes(path)
    with pytest.raises(DataError, match="No such file"):
        read_votes(tmp_path / "none.csv")


def test_majority_needs_a_single_leader() -> None:
    images = labelled(3)
    angry, sad = one_hot(np.array([LABELS.index("angry"), LABELS.index("sad")]))
    leaders = majority(images, {"0.png": angry, "1.png": (angry + sad) / 2})
    assert leaders.tolist() == [LABELS.index("angry"), -1, -1]


# --- order of an epoch


def test_balance_shows_rare_classes_more_often() -> None:
    labels = np.repeat(np.arange(3), [1600, 400, 100])
    plain = epoch_order(labels, 0.0, np.random.default_rng(0))
    assert sorted(plain) == list(range(len(labels)))  # every image once
    shares = np.bincount(labels[epoch_order(labels, 0.5, np.random.default_rng(0))]) / len(labels)
    expected = np.array([1600, 800, 400]) / 2800
    np.testing.assert_allclose(shares, expected, atol=0.03)


# --- temperature


def test_temperature_is_found_and_folded() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (5000, 7))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(7, p=share) for share in shares], np.int64)
    overconfident = np.exp(2.5 * logits)
    overconfident /= overconfident.sum(axis=1, keepdims=True)
    assert fit_temperature(overconfident.astype(np.float32), labels) == pytest.approx(2.5, rel=0.05)

    network = build_model("edge_cnn", widths=[8, 8, 8], blocks=[1, 1, 1], dropout=[0.0])
    pixels = noise(6).astype(np.float32)
    before = np.log(network.predict(pixels, verbose=0))
    fold_temperature(network, 2.0)
    after = np.log(network.predict(pixels, verbose=0))
    np.testing.assert_allclose(np.diff(after), np.diff(before) / 2, atol=1e-5)


# --- time budget


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("150m", 9000), ("10h", 36000), ("1h30m", 5400)])
def test_durations(text, seconds) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "1h 30m", "-5m", "0s", "5d"])
def test_durations_that_are_none(text) -> None:
    with pytest.raises(RecipeError, match="150m"):
        parse_duration(text)


def test_budget_plans_whole_epochs() -> None:
    config = load_recipe(
        "edge_cnn_s", {"widths": [8, 8, 8], "blocks": [1, 1, 1], "batch_size": 14, "jit_compile": False, "epochs": 500}
    )
    assert 1 <= fit_epochs(config, labelled(140), 20.0).epochs < 500
    with pytest.raises(RecipeError, match="too short"):
        fit_epochs(config, labelled(140), 0.001)


# --- hold-out


def test_holdout_is_stratified_seeded_and_free_of_copies() -> None:
    images = labelled(140)
    images.images[7] = images.images[0]  # a copy with the same label
    training, holdout = split_holdout(images, 0.2, seed=1)
    assert len(training) + len(holdout) == 140
    assert set(np.bincount(holdout.labels)) == {4}
    assert not {"train/x/0.png", "train/x/7.png"} & set(holdout.names)
    assert split_holdout(images, 0.2, seed=1)[1].names == holdout.names
    assert split_holdout(images, 0.2, seed=2)[1].names != holdout.names


# --- networks


def test_seed_cnn_has_the_size_of_the_paper() -> None:
    config = load_recipe("seed_cnn")
    network = build_model(config.model, widths=config.widths, blocks=config.blocks, dropout=config.dropout)
    assert 2.1e6 < network.count_params() < 2.25e6


def test_edge_cnn_is_light_and_takes_raw_pixels() -> None:
    config = load_recipe("edge_cnn_s")
    network = build_model(config.model, widths=config.widths, blocks=config.blocks, dropout=config.dropout)
    assert network.count_params() < 250_000
    assert "rescaling" in [type(layer).__name__.lower() for layer in network.layers]
    for size in (36, 48):
        assert network(np.zeros((2, size, size, 1), np.float32)).shape == (2, 7)


def test_lists_that_do_not_fit_a_network() -> None:
    with pytest.raises(RecipeError, match="as many blocks"):
        build_model("edge_cnn", widths=[8, 8], blocks=[1], dropout=[0.0])
    with pytest.raises(RecipeError, match="dropout"):
        build_model("seed_cnn", widths=[8, 8, 8], blocks=[], dropout=[0.1])
    with pytest.raises(RecipeError, match="edge_cnn, seed_cnn, mini_xception"):
        build_model("vgg", widths=[], blocks=[], dropout=[])
    with pytest.raises(RecipeError, match="mini_xception is fixed"):
        build_model("mini_xception", widths=[], blocks=[], dropout=[0.5])


def test_fine_stem_sees_every_pixel_first() -> None:
    network = build_model("edge_cnn", widths=[8, 8, 8], blocks=[1, 1, 1], dropout=[0.0], stem=[8])
    assert network.get_layer("fine1").strides == (1, 1)
    assert network.get_layer("fine1").output.shape[-1] == 8
    assert network.get_layer("stem").strides == (2, 2)


# --- precision


@pytest.mark.parametrize(
    ("precision", "tolerance"), [("bfloat16", 0.02), ("float32", 1e-3)]
)  # 3 digits; the variance over n - 1
def test_fast_copy_answers_and_learns_like_the_original(precision, tolerance) -> None:
    keras.utils.set_random_seed(3)
    network = build_model("edge_cnn", widths=[8, 8, 8], blocks=[1, 1, 1], dropout=[0.0])
    twin = fast_copy(network, precision)
    assert [weight.shape for weight in twin.weights] == [weight.shape for weight in network.weights]
    assert {weight.dtype for weight in twin.weights} == {"float32"}
    assert twin.get_layer("stem").compute_dtype == precision
    pixels = noise(32).astype(np.float32)
    np.testing.assert_allclose(twin(pixels), network(pixels), atol=tolerance)
    for model in (network, twin):
        model.compile(keras.optimizers.SGD(0.01), "categorical_crossentropy", jit_compile=False)
        model.train_on_batch(pixels, one_hot(np.arange(32) % 7))
    for original, copied in zip(network.weights, twin.weights, strict=True):
        np.testing.assert_allclose(copied, original, atol=tolerance, err_msg=original.path)
    assert np.ptp(twin.get_layer("stem_norm").moving_mean) > 0  # the statistics moved


# --- distillation


def test_teacher_averages_its_networks(tmp_path) -> None:
    networks = []
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        network = build_model("edge_cnn", widths=[8, 8, 8], blocks=[1, 1, 1], dropout=[0.2])
        network.save(tmp_path / f"{seed}.keras")
        networks.append(network)
    pixels = noise(4).astype(np.float32)
    expected = sum(network(pixels, training=False).numpy() for network in networks) / 2
    got = Teacher([str(tmp_path / "1.keras"), str(tmp_path / "2.keras")]).label(pixels)
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_teacher_of_images_averages_each_with_its_mirror_image(tmp_path) -> None:
    network = build_model("edge_cnn", widths=[8, 8, 8], blocks=[1, 1, 1], dropout=[0.2])
    network.save(tmp_path / "model.keras")
    images = noise(5)
    mirrored = np.ascontiguousarray(images[:, :, ::-1])
    expected = (predict_keras(network, images) + predict_keras(network, mirrored)) / 2
    told: list[tuple[int, int]] = []
    answers = Teacher([str(tmp_path)]).label_images(images, lambda *numbers: told.append(numbers))
    np.testing.assert_allclose(answers, expected, atol=1e-5)
    assert told == [(5, 5)]


def test_missing_teacher(tmp_path) -> None:
    with pytest.raises(RecipeError, match="finished run"):
        Teacher([str(tmp_path)])


def test_student_of_full_weight_ignores_the_labels(tmp_path) -> None:
    small = {"widths": [8, 8, 8], "blocks": [1, 1, 1], "jit_compile": False}
    build_model("edge_cnn", widths=[8, 8, 8], blocks=[1, 1, 1], dropout=[0.2]).save(tmp_path / "model.keras")

    def losses(weight: float) -> list[float]:
        config = load_recipe("edge_cnn_s", {**small, "teacher": [str(tmp_path)], "teacher_weight": weight})
        found = []
        for labels in (np.zeros(8, np.int64), np.ones(8, np.int64)):
            keras.utils.set_random_seed(1)
            rng = np.random.default_rng(0)
            session = Session(config)
            found.append(session.train_batch(noise(8), one_hot(labels), size=48, rate=0.1, rng=rng)[0])
        return found

    same, other = losses(1.0), losses(0.5)
    assert same[0] == pytest.approx(same[1])
    assert other[0] != pytest.approx(other[1])
