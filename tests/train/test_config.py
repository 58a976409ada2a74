import tomllib

import pytest
import tomli_w

from fer_edge.errors import RecipeError
from fer_edge.recipe_fields import parse_override
from fer_edge.train.config import load_recipe, recipe_names
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
        ("epochs", 0, "at least 1"),
        ("epochs", 1.5, "int"),
        ("epochs", True, "int"),
        ("learning_rate", -0.1, "more than 0"),
        ("optimizer", "lion", "sgd or adam"),
        ("labels", "mine", "fer or ferplus or blend"),
        ("zoom", [1.2, 0.8], "low, high"),
        ("dropout", 0.3, "list"),
        ("dropout", [1.0], "below 1"),
        ("image_sizes", [[0.5, 48]], "0.0, pixels"),
        ("teacher_weight", 0.5, "without a teacher"),
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
