"""A run folder belongs to one training at a time, and one that was refused leaves nothing in it."""

import math
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from helpers import labelled_faces, write_csv
from test_resume import SMALL_EDGE, Silent, faces

from fer_edge.errors import OutputError, RecipeError
from fer_edge.train.config import load_recipe
from fer_edge.train.run import RunFolder
from fer_edge.train.trainer import train

HOLDER = """
import sys, time
from pathlib import Path
from fer_edge.train.run import RunFolder
run = RunFolder(Path(sys.argv[1]))
with run.claimed():
    run.path.joinpath("recipe.toml").write_text("")
    print("claimed", flush=True)
    time.sleep(60)
"""


def test_second_training_in_a_folder_is_refused_and_a_killed_one_holds_nothing(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "runs" / "mine")
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(run.path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "claimed\n"
        with pytest.raises(OutputError, match=r"Another process is training in .*mine"), run.claimed():
            pass
        assert run.recipe.exists()
    finally:
        os.kill(holder.pid, signal.SIGKILL)
        holder.communicate()
    with run.claimed():
        assert run.recipe.exists()


def test_claimed_folder_without_a_result_goes_again(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "runs" / "mine")
    with pytest.raises(RecipeError), run.claimed():
        raise RecipeError("wrong seed")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "runs").mkdir()
    with run.claimed():
        pass
    assert list((tmp_path / "runs").iterdir()) == []
    with run.claimed():
        run.recipe.touch()
    assert [file.name for file in run.path.iterdir()] == ["recipe.toml"]


def test_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="Cannot write to the folder"), RunFolder(tmp_path / "file" / "run").claimed():
        pass


def test_refused_training_leaves_nothing(run_cli, tmp_path: Path) -> None:
    data = write_csv(tmp_path / "fer2013.csv", {"train": labelled_faces(28, split="train")})
    done = run_cli("train", "edge_cnn_s", "--data", data, "--set", "initial=nowhere.keras")
    assert done.returncode == 1
    assert "nowhere.keras" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["fer2013.csv"]


def test_unknown_teacher_is_told_before_anything_is_written(tmp_path: Path) -> None:
    taught = {"teacher": "nowhere.keras", "teacher_weight": 0.5, "teacher_sees": "images"}
    with pytest.raises(RecipeError, match=r"teacher.*nowhere"):
        train(load_recipe("edge_cnn_s", {**SMALL_EDGE, **taught}), faces(), RunFolder(tmp_path), Silent())
    assert list(tmp_path.iterdir()) == []


def test_diverged_training_ends_in_a_sentence_and_keeps_the_epochs_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder(tmp_path)
    config = load_recipe("edge_cnn_s", {**SMALL_EDGE, "epochs": 3, "holdout": 0.0, "learning_rate": 20.0})
    losses = iter([*[1.9] * 4, 2.5, math.nan])  # 70 images are four batches
    monkeypatch.setattr("fer_edge.train.session.Session.train_batch", lambda *args, **options: (next(losses), 0.1))
    with pytest.raises(RecipeError, match=r"diverged: the loss is nan in step 2 of epoch 2.*learning_rate than 20"):
        train(config, faces(), run, Silent())
    state = run.read_state()
    assert state is not None
    assert [row.epoch for row in state.history] == [1]


def test_empty_checkpoint_is_called_damaged(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.checkpoint.touch()
    with pytest.raises(RecipeError, match=r"checkpoint\.npz is damaged .*delete it to start the run again"):
        run.read_state()


@pytest.mark.parametrize("name", ["checkpoint.npz", "teacher.npz"])
def test_arrays_that_unpack_to_much_are_refused_before_they_are_unpacked(name: str, tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("answers.npy", bytes(12_000_000))
    read = run.read_state if name == "checkpoint.npz" else lambda: run.read_answers("")
    with pytest.raises(RecipeError, match=r"answers\.npy unpacks to 12,000,000 bytes, too many .*; delete it"):
        read()
