import dataclasses
import math
import tomllib

import pytest
import tomli_w
from conftest import ROOT

from fer_edge.errors import RecipeError
from fer_edge.toml import parse_override
from fer_edge.train.config import describe_recipes, load_recipe, recipe_names
from fer_edge.train.run import RunFolder


@pytest.mark.parametrize("name", recipe_names())
def test_shipped_recipes_survive_a_run_folder(tmp_path, name) -> None:
    config = load_recipe(name)
    run = RunFolder(tmp_path)
    run.write_recipe(config)
    assert run.read_recipe() == config


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("epochs", 0, "from 1 to"),
        ("epochs", -3, "from 1 to"),
        ("epochs", 1.5, "a whole number"),
        ("epochs", True, "a whole number"),
        ("epochs", 10**400, "a whole number"),
        ("batch_size", 0, "from 1 to"),
        ("learning_rate", -0.1, "more than 0"),
        ("learning_rate", 1e30, "a number"),
        ("learning_rate", 101, "up to 100"),
        ("learning_rate", math.nan, "a number"),
        ("weight_decay", -1, "from 0 to 1"),
        ("weight_decay", math.inf, "a number"),
        ("optimizer", "lion", "sgd or adam"),
        ("labels", "mine", "fer or ferplus or blend"),
        ("seed", -1, "from 0 to"),
        ("widths", [0], "from 1 to 4096"),
        ("widths", [10**9], "from 1 to 4096"),
        ("blocks", [1000], "from 0 to 100"),
        ("stem", [-1], "from 1 to 4096"),
        ("rotation_degrees", 1e9, "from 0 to 180"),
        ("zoom", [1.2, 0.8], "low, high"),
        ("zoom", [0.0, 0.8], "more than 0"),
        ("zoom", [], "low, high"),
        ("dropout", 0.3, "list"),
        ("dropout", [1.0], "below 1"),
        ("image_sizes", [[0.5, 48]], "0.0, pixels"),
        ("image_sizes", [[]], "0.0, pixels"),
        ("image_sizes", [], "0.0, pixels"),
        ("image_sizes", [48], "list"),
        ("image_sizes", [[0.0, 48], []], "0.0, pixels"),
        ("image_sizes", [[0.0, 3]], "at least 8"),
        ("image_sizes", [[0.0, 40.5]], "0.0, pixels"),
        ("image_sizes", [[0.0, 1e9]], "from 0 to 1024"),
        ("teacher_weight", 0.5, "without a teacher"),
        ("votes_weight", 0, "more than 0"),
        ("mixup", -1, "from 0"),
        ("plateau_patience", -1, "from 0"),
        ("plateau_factor", 0, "more than 0"),
        ("plateau_min_delta", -1, "from 0"),
        ("early_stopping_patience", -1, "from 0"),
        ("restarts", [0], "from 1"),
        ("restarts", [7, 7], "rising"),
        ("colour", "red", "unknown field"),
    ],
)
def test_impossible_values_are_named(field, value, expected) -> None:
    with pytest.raises(RecipeError, match=expected) as caught:
        load_recipe("edge_cnn_s", {field: value})
    assert field in str(caught.value)


def test_early_stopping_does_not_go_with_averaged_weights() -> None:
    with pytest.raises(RecipeError, match="average_decay"):
        load_recipe("edge_cnn_s", {"early_stopping_patience": 3})


def test_unknown_recipe_lists_the_known_ones() -> None:
    with pytest.raises(RecipeError, match=", ".join(recipe_names())):
        load_recipe("resnet19")


def test_recipe_from_a_file(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    fields = {"labels": "blend", "epochs": 3}
    shipped = RunFolder(tmp_path / "run")
    shipped.write_recipe(load_recipe("edge_cnn_s"))
    path.write_text(tomli_w.dumps({**tomllib.loads(shipped.recipe.read_text()), **fields}))
    config = load_recipe(str(path))
    assert (config.labels, config.epochs, config.model) == ("blend", 3, "edge_cnn")


@pytest.mark.parametrize("text", ["epochs = ", "[[", "epochs"])
def test_broken_toml(tmp_path, text) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(RecipeError, match="TOML"):
        load_recipe(str(path))


def test_missing_field_is_named(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("epochs = 3")
    with pytest.raises(RecipeError, match="'model' is missing"):
        load_recipe(str(path))


@pytest.mark.parametrize(
    ("text", "value"),
    [("epochs=3", 3), ("zoom=[0.8, 1.0]", [0.8, 1.0]), ("labels=blend", "blend"), ('labels="blend"', "blend")],
)
def test_overrides_are_read_as_toml(text, value) -> None:
    assert parse_override(text) == (text.partition("=")[0], value)


def test_override_without_value() -> None:
    with pytest.raises(RecipeError, match="field=value"):
        parse_override("epochs")


def test_image_size_grows_with_training() -> None:
    config = load_recipe("edge_cnn_s", {"epochs": 10, "image_sizes": [[0.0, 36], [0.6, 48]]})
    assert [config.image_size(epoch) for epoch in (0, 5, 6, 9)] == [36, 36, 48, 48]


def test_one_text_stands_for_a_list_of_one() -> None:
    assert load_recipe("edge_cnn_s", {"initial": "runs/first"}).initial == ["runs/first"]
    assert load_recipe("edge_cnn_s", {"initial": ""}).initial == []


@pytest.mark.parametrize("name", recipe_names())
def test_shipped_recipes_need_no_other_network(name) -> None:
    config = load_recipe(name)
    assert (config.teacher, config.initial) == ([], [])


def test_every_shipped_recipe_is_told_in_a_line_of_80() -> None:
    width = max(map(len, recipe_names()))
    for name, about in describe_recipes().items():
        assert about.endswith("."), name
        assert width + 2 + len(about) <= 80, name


def test_base_is_what_a_recipe_differs_from(tmp_path) -> None:
    (tmp_path / "first.toml").write_text('base = "edge_cnn_s"\nepochs = 7\nerasing = 0.1')
    (tmp_path / "in").mkdir()
    second = tmp_path / "in/second.toml"
    second.write_text('base = "../first.toml"\nepochs = 9')
    config = load_recipe(str(second), {"seed": 4})
    assert config == load_recipe("edge_cnn_s", {"epochs": 9, "erasing": 0.1, "seed": 4})


def test_another_network_does_not_inherit_the_shape_of_the_base(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('base = "edge_cnn_s"\nmodel = "mynet:build"\ndropout = [0.4]')
    config = load_recipe(str(path))
    assert (config.model, config.widths, config.blocks, config.dropout) == ("mynet:build", [], [], [0.4])
    assert load_recipe("edge_cnn_s", {"model": "vgg16"}).widths == []
    assert load_recipe("edge_cnn_s", {"model": "edge_cnn"}).widths == [16, 32, 72]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('base = "edge_cnn_x"', "edge_cnn_x"),
        ('base = "mine.toml"', "no circle of bases"),
        ("base = 3", "'base' is 3, expected the name"),
        ('base = "none.toml"', "none.toml: no such file"),
    ],
)
def test_bases_that_are_none(text, expected, tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=expected):
        load_recipe(str(path))


def test_missing_teachers_are_told_before_the_work(tmp_path) -> None:
    run = RunFolder(tmp_path / "run")
    config = load_recipe("edge_cnn_s", {"teacher": ["gone.keras"], "teacher_weight": 0.5, "initial": ["away"]})
    with pytest.raises(RecipeError, match=r"'teacher' names gone\.keras.*--set teacher=PATH"):
        run.require_sources(config)
    (tmp_path / "run").mkdir()
    run.answers.touch()
    with pytest.raises(RecipeError, match="names gone"):  # these answers are not what it learns from
        run.require_sources(config)
    once = dataclasses.replace(config, teacher_sees="images")
    with pytest.raises(RecipeError, match="'initial' names away"):
        run.require_sources(once)
    run.checkpoint.touch()
    run.require_sources(once)


@pytest.mark.parametrize("path", sorted((ROOT / "runs/recipes").glob("*.toml")), ids=lambda path: path.stem)
def test_recipes_of_the_taught_runs_load(path) -> None:
    assert load_recipe(str(path)).teacher
