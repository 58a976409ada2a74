"""A file of experiments becomes checked trials, or one sentence."""

from dataclasses import replace
from pathlib import Path

import pytest

from fer_edge.errors import OutputError, RecipeError
from fer_edge.experiments.plan import make_trials, read_plan
from fer_edge.experiments.trial_run import Trial
from fer_edge.train.run import RunFolder

GOOD = 'recipe = "edge_cnn_s"\n[choices]\n"mixup 0.2" = { mixup = 0.2 }\n'
TOOLS = Path(__file__).parents[2] / "tools"


def trials_of(text: str, folder: Path) -> list[Trial]:
    path = folder / "plan.toml"
    path.write_text(text)
    return make_trials(read_plan(path), path, folder / "runs")


def test_every_choice_gets_every_seed_and_a_folder_of_its_own(tmp_path: Path) -> None:
    trials = trials_of(f"seeds = [1, 2]\n{GOOD}", tmp_path)
    assert [(trial.choice, trial.config.seed, trial.config.mixup, trial.run.path.name) for trial in trials] == [
        ("baseline", 1, 0.0, "baseline-seed1"),
        ("mixup 0.2", 1, 0.2, "mixup_0.2-seed1"),
        ("baseline", 2, 0.0, "baseline-seed2"),
        ("mixup 0.2", 2, 0.2, "mixup_0.2-seed2"),
    ]


def test_recipe_beside_the_file_and_sets_of_teachers(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('base = "edge_cnn_s"\nepochs = 3\n')
    (tmp_path / "m.keras").write_text("")
    text = f'recipe = "mine.toml"\nteacher_weight = 0.6\n[teachers]\nm = ["{tmp_path}/m.keras"]\nnone = []\n'
    baseline, taught, alone = trials_of(text, tmp_path)
    assert baseline.config.epochs == 3
    assert (taught.config.teacher, taught.config.teacher_weight) == ([f"{tmp_path}/m.keras"], 0.6)
    assert alone.config == baseline.config


def test_the_file_of_the_lab_notes_is_sound() -> None:
    path = TOOLS / "experiments/experiments.toml"
    assert len(make_trials(read_plan(path), path, Path("runs"))) == 10


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("recipe = ", "not valid TOML"),
        ("[choices]\na = {mixup = 0.2}", "'recipe' is missing"),
        ('recipe = "edge_cnn_s"', "something to compare"),
        ('recipe = "edge_cnn_s"\n[choices]', "something to compare"),
        (f"folds = 5\n{GOOD}", "'folds' is an unknown field"),
        (f"seeds = 5\n{GOOD}", "'seeds' is 5, expected a list"),
        (f"seeds = [-1]\n{GOOD}", "'seeds[0]' is -1"),
        (f"seeds = [1, 1]\n{GOOD}", "seed 1 is listed twice"),
        (f"seeds = {list(range(600))}\n{GOOD}", "1,200 trials"),
        (f"{GOOD}b = 3", "'choices.b' is 3"),
        (f"{GOOD}b = {{mixup = 'much'}}", "choice 'b': edge_cnn_s: the field 'mixup'"),
        (f"{GOOD}b = {{no_such = 1}}", "choice 'b'"),
        (f"{GOOD}b = {{zoom = [2, 1]}}", "choice 'b'"),
        (f"{GOOD}b = {{seed = 3}}", "list them in 'seeds'"),
        (f"{GOOD}b = {{holdout = 0.3}}", "put it into [shared]"),
        (f"{GOOD}baseline = {{}}", "'baseline' names two things"),
        (f'{GOOD}"MIXUP/0.2" = {{}}\n"mixup 0.2 " = {{}}', "would both be trained in"),
        (f"{GOOD}[shared]\nholdout = 0", "held-out images"),
        (f"{GOOD}[teachers]\nm = ['gone.keras']", "teacher_weight"),
        (f"teacher_weight = 0.5\n{GOOD}[teachers]\nm = ['gone.keras']", "gone.keras, which is not there"),
        (GOOD.replace("edge_cnn_s", "no_such_net"), "no_such_net"),
    ],
)
def test_a_bad_file_is_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(RecipeError) as caught:
        trials_of(text, tmp_path)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["../../outside", "/etc/x", "..", "a\\nb", "x" * 500, "\\u0000"])
def test_no_name_leaves_the_folder(tmp_path: Path, name: str) -> None:
    trials = trials_of(f'recipe = "edge_cnn_s"\n[choices]\n"{name}" = {{}}\n', tmp_path)
    assert all(trial.run.path.resolve().parent == (tmp_path / "runs").resolve() for trial in trials)
    assert len(trials[1].run.path.name) < 100


def test_a_folder_of_another_recipe_is_not_resumed(tmp_path: Path) -> None:
    pytest.importorskip("tomli_w", reason="comes with the extra [train]")
    trial = trials_of(GOOD, tmp_path)[1]
    trial.prepare()
    trial.prepare()
    assert RunFolder(trial.run.path).read_recipe() == trial.config
    changed = replace(trial, config=replace(trial.config, epochs=7))
    with pytest.raises(OutputError, match="begun with another 'epochs'"):
        changed.prepare()
