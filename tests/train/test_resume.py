"""An interrupted run that is resumed must end exactly where an uninterrupted one ends."""

import dataclasses

import keras
import numpy as np
import pytest

from fer_edge.errors import RecipeError
from fer_edge.train.config import TrainConfig, load_recipe
from fer_edge.train.models import build_model
from fer_edge.train.run import EpochRow, RunFolder, TrainState
from fer_edge.train.trainer import train
from fer_edge.types import LabelledImages
from tools.generate import pack_run

SMALL_EDGE = {
    "widths": [8, 8, 8],
    "blocks": [1, 1, 1],
    "dropout": [0.3],
    "epochs": 4,
    "batch_size": 16,
    "image_sizes": [[0.0, 24], [0.5, 48]],
    "holdout": 0.2,
    "precision": "float32",
    "jit_compile": False,
}
SMALL_SEED = {
    "widths": [8, 8, 8],
    "epochs": 4,
    "batch_size": 16,
    "holdout": 0.2,
    "plateau_patience": 1,
    "jit_compile": False,
}


class Silent:
    """Watches nothing."""

    def on_answers(self, answered: int, images: int) -> None: ...

    def on_step(self, epoch: int, step: int, steps: int, loss: float, accuracy: float) -> None: ...

    def on_epoch(self, row: EpochRow) -> None: ...


class Interrupt(Silent):
    """Presses Ctrl-C in the middle of an epoch."""

    def __init__(self, epoch: int, step: int) -> None:
        self.at = (epoch, step)

    def on_step(self, epoch: int, step: int, steps: int, loss: float, accuracy: float) -> None:
        if (epoch, step) == self.at:
            raise KeyboardInterrupt


def faces(count: int = 70) -> LabelledImages:
    rng = np.random.default_rng(0)
    return LabelledImages(
        images=rng.integers(0, 256, (count, 48, 48, 1), dtype=np.uint8),
        labels=np.arange(count, dtype=np.int64) % 7,
        split="train",
        names=tuple(f"{index}.png" for index in range(count)),
    )


@pytest.mark.parametrize(
    "config",
    [
        load_recipe("edge_cnn_s", {**SMALL_EDGE, "jit_compile": True, "image_sizes": [[0.0, 24]]}),
        load_recipe("edge_cnn_s", {**SMALL_EDGE, "precision": "bfloat16"}),
        load_recipe("seed_cnn", dict(SMALL_SEED)),
    ],
    ids=["sgd-averaged-compiled", "two-sizes-bfloat16", "adam-plateau"],
)
def test_resumed_run_equals_uninterrupted_run(tmp_path, config: TrainConfig) -> None:
    whole = train(config, faces(), RunFolder(tmp_path / "whole"), Silent())

    broken = RunFolder(tmp_path / "broken")
    with pytest.raises(KeyboardInterrupt):
        train(config, faces(), broken, Interrupt(epoch=3, step=2))
    assert len(broken.read_state().history) == 2
    resumed = train(config, faces(), broken, Silent())

    for expected, got in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(got, expected)
    left = RunFolder(tmp_path / "whole").read_state()
    right = broken.read_state()
    for group in ("model", "optimizer", "shipped"):
        for expected, got in zip(getattr(left, group), getattr(right, group), strict=True):
            np.testing.assert_array_equal(got, expected)
    for expected, got in zip(left.history, right.history, strict=True):
        assert (got.train_loss, got.holdout_loss) == (expected.train_loss, expected.holdout_loss)


def test_other_seed_gives_other_weights(tmp_path) -> None:
    """Guards the test above: were training blind to its state, any two runs would be equal."""
    weights = [
        train(
            load_recipe("edge_cnn_s", {**SMALL_EDGE, "epochs": 1, "seed": seed}),
            faces(),
            RunFolder(tmp_path / str(seed)),
            Silent(),
        ).get_weights()
        for seed in (1, 2)
    ]
    assert any(not np.array_equal(left, right) for left, right in zip(*weights, strict=True))


def test_finished_run_keeps_its_weights_and_drops_its_momentum(tmp_path) -> None:
    run = RunFolder(tmp_path)
    train(load_recipe("edge_cnn_s", {**SMALL_EDGE, "epochs": 1}), faces(), run, Silent())
    moving = run.read_state()
    size = run.checkpoint.stat().st_size
    assert any(array.any() for array in moving.optimizer if array.ndim)
    run.write_state(moving.at_rest())
    resting = run.read_state()
    assert run.checkpoint.stat().st_size < 0.8 * size
    assert not any(array.any() for array in resting.optimizer if array.ndim)
    for group in ("model", "shipped"):
        for expected, got in zip(getattr(moving, group), getattr(resting, group), strict=True):
            np.testing.assert_array_equal(got, expected)
    assert [array.ndim for array in resting.optimizer] == [array.ndim for array in moving.optimizer]
    assert resting.optimizer[0] == moving.optimizer[0]  # the count of steps


def test_run_goes_on_from_a_checkpoint_in_half_precision(tmp_path) -> None:
    config = load_recipe("edge_cnn_s", {**SMALL_EDGE, "epochs": 2})
    run, packed = RunFolder(tmp_path / "run"), tmp_path / "packed"
    with pytest.raises(KeyboardInterrupt):
        train(config, faces(), run, Interrupt(epoch=2, step=1))
    run.write_recipe(config)
    assert pack_run.main(str(run.path), str(packed)) == 0
    kept = RunFolder(packed)
    assert kept.read_recipe() == config
    assert kept.checkpoint.stat().st_size < 0.75 * run.checkpoint.stat().st_size  # a part is names and history
    state, half = run.read_state(), kept.read_state()
    assert half.history == state.history
    for exact, rounded in zip(state.model + state.optimizer, half.model + half.optimizer, strict=True):
        np.testing.assert_allclose(rounded, exact, rtol=1e-3, atol=1e-6)
    resumed = train(config, faces(), kept, Silent()).get_weights()
    assert all(weight.dtype == np.float32 and np.isfinite(weight).all() for weight in resumed)
    assert [row.epoch for row in kept.read_state().history] == [1, 2]


def test_run_taught_once_goes_on_without_its_teacher(tmp_path) -> None:
    teacher = tmp_path / "teacher.keras"
    build_model("edge_cnn", widths=[8, 8, 8], blocks=[1, 1, 1], dropout=[0.0]).save(teacher)
    taught = {"teacher": [str(teacher)], "teacher_weight": 0.5, "teacher_sees": "images", "epochs": 2}
    config = load_recipe("edge_cnn_s", {**SMALL_EDGE, **taught})
    whole = train(config, faces(), RunFolder(tmp_path / "whole"), Silent())
    broken = RunFolder(tmp_path / "broken")
    with pytest.raises(KeyboardInterrupt):
        train(config, faces(), broken, Interrupt(epoch=2, step=2))
    teacher.unlink()
    resumed = train(config, faces(), broken, Silent())
    for expected, got in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(got, expected)
    untaught = train(
        load_recipe("edge_cnn_s", {**SMALL_EDGE, "epochs": 2}), faces(), RunFolder(tmp_path / "other"), Silent()
    )
    assert any(not np.array_equal(a, b) for a, b in zip(whole.get_weights(), untaught.get_weights(), strict=True))


def test_run_starts_from_the_weights_that_it_names(tmp_path) -> None:
    first = train(
        load_recipe("edge_cnn_s", {**SMALL_EDGE, "epochs": 1}), faces(), RunFolder(tmp_path / "first"), Silent()
    )
    first.save(tmp_path / "first.keras")
    still = {**SMALL_EDGE, "epochs": 1, "learning_rate": 1e-9, "initial": str(tmp_path / "first.keras")}
    second = train(load_recipe("edge_cnn_s", still), faces(), RunFolder(tmp_path / "second"), Silent())
    for expected, got in zip(first.trainable_weights, second.trainable_weights, strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-6)
    with pytest.raises(RecipeError, match="own architecture"):
        train(load_recipe("edge_cnn_s", {**still, "widths": [8, 8, 16]}), faces(), RunFolder(tmp_path / "3"), Silent())
    with pytest.raises(RecipeError, match=r"initial.*nowhere"):
        train(load_recipe("edge_cnn_s", {**still, "initial": "nowhere"}), faces(), RunFolder(tmp_path / "4"), Silent())


def test_run_starts_from_the_average_of_several(tmp_path) -> None:
    networks = []
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        networks.append(build_model("edge_cnn", **{name: SMALL_EDGE[name] for name in ("widths", "blocks", "dropout")}))
        networks[-1].save(tmp_path / f"{seed}.keras")
    still = {**SMALL_EDGE, "epochs": 1, "learning_rate": 1e-9}
    still["initial"] = [str(tmp_path / "1.keras"), str(tmp_path / "2.keras")]
    got = train(load_recipe("edge_cnn_s", still), faces(), RunFolder(tmp_path / "run"), Silent())
    for first, second, weight in zip(*(n.trainable_weights for n in (*networks, got)), strict=True):
        np.testing.assert_allclose(weight, (first + second) / 2, atol=1e-6)


def test_answers_for_other_images_are_refused(tmp_path) -> None:
    run = RunFolder(tmp_path)
    assert run.read_answers("a" * 64) is None
    run.write_answers("a" * 64, np.full((3, 7), 1 / 7, np.float32))
    with pytest.raises(RecipeError, match="other training images"):
        run.read_answers("b" * 64)
    run.answers.write_bytes(run.answers.read_bytes()[:50])
    with pytest.raises(RecipeError, match="damaged"):
        run.read_answers("a" * 64)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small checkpoint's bytes."""
    run = RunFolder(tmp_path_factory.mktemp("run"))
    row = EpochRow(1, 48, 0.1, 2.0, 0.1, None, None, 1.0)
    arrays = [np.random.default_rng(0).random((8, 8), np.float32), np.zeros((), np.int64)]
    run.write_state(TrainState(arrays, arrays, arrays, [row], "0" * 64))
    return run.checkpoint.read_bytes()


@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_damaged_checkpoint_is_named(checkpoint: bytes, mask: int, tmp_path) -> None:
    """A changed byte gives what was stored, or one sentence."""
    run = RunFolder(tmp_path)
    sentences = []
    positions = [*range(0, len(checkpoint), 29), *range(len(checkpoint) - 60, len(checkpoint))]
    for position in positions:
        changed = bytearray(checkpoint)
        changed[position] ^= mask
        run.checkpoint.write_bytes(changed)
        try:
            run.read_state()
        except RecipeError as error:
            sentences.append(str(error))
    assert len(sentences) > len(positions) / 2
    assert not [text for text in sentences if "damaged (" not in text or "()" in text or "\n" in text]


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_checkpoint_cut_off_is_named(checkpoint: bytes, share: float, tmp_path) -> None:
    run = RunFolder(tmp_path)
    run.checkpoint.write_bytes(checkpoint[: int(share * len(checkpoint))])
    with pytest.raises(RecipeError, match="damaged"):
        run.read_state()


def test_checkpoint_of_other_images_or_another_network_is_refused(tmp_path) -> None:
    config = load_recipe("edge_cnn_s", {**SMALL_EDGE, "epochs": 1})
    run = RunFolder(tmp_path)
    train(config, faces(), run, Silent())
    longer = dataclasses.replace(config, epochs=2)
    with pytest.raises(RecipeError, match="trained on different images"):
        train(longer, faces(71), run, Silent())
    with pytest.raises(RecipeError, match="does not fit the run's recipe"):
        train(dataclasses.replace(longer, widths=[8, 8, 16]), faces(), run, Silent())
    state = run.read_state()
    run.write_state(dataclasses.replace(state, data_sha256=""))  # as fer-edge 0.1 wrote it
    train(longer, faces(71), run, Silent())


def test_checkpoint_holds_equal_arrays_once(tmp_path) -> None:
    weights = [np.random.default_rng(index).random((64, 64), np.float32) for index in range(2)]
    moments = [np.array(3, np.int64), np.random.default_rng(5).random((64, 64), np.float32)]
    shipped, averaged = (RunFolder(tmp_path / name) for name in ("shipped", "averaged"))
    shipped.write_state(TrainState(weights, moments, [weights[1], weights[0]]))
    averaged.write_state(TrainState(weights, moments, [weights[1] + 1, weights[0] + 1]))
    assert shipped.checkpoint.stat().st_size < 0.7 * averaged.checkpoint.stat().st_size
    for run, offset in ((shipped, 0), (averaged, 1)):
        state = run.read_state()
        for got, expected in zip(
            state.model + state.optimizer + state.shipped,
            [*weights, *moments, weights[1] + offset, weights[0] + offset],
            strict=True,
        ):
            np.testing.assert_array_equal(got, expected)
            assert got.dtype == expected.dtype
