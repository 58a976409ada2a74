"""Recipes by name and from files: every choice can be overridden, and a wrong one is told."""

from pathlib import Path

import pytest

from fer_edge.convert.recipes import RECIPES, find_recipe
from fer_edge.errors import RecipeError

EVERY_CHOICE = """
base = "int8"
calibration_size = 50
seed = 3
split = "public"
statistic = "percentile"
percentile = 99
per_channel = false
input_dtype = "int8"
output_dtype = "float32"
float_layers = ["stem"]
"""


def write(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text)
    return str(path)


def test_a_file_overrides_every_choice(tmp_path: Path) -> None:
    recipe = find_recipe(write(tmp_path, EVERY_CHOICE))
    assert (recipe.name, recipe.calibration_size, recipe.seed, recipe.split) == ("mine", 50, 3, "public")
    assert (recipe.statistic, recipe.percentile, recipe.per_channel) == ("percentile", 99.0, False)
    assert (recipe.input_dtype, recipe.output_dtype, recipe.float_layers) == ("int8", "float32", ["stem"])
    assert recipe.weights == "int8"
    assert recipe.integer


def test_the_command_line_overrides_a_file(tmp_path: Path) -> None:
    assert find_recipe(write(tmp_path, EVERY_CHOICE), {"seed": 9}).seed == 9


def test_choices_travel_in_the_metadata(tmp_path: Path) -> None:
    told = find_recipe(write(tmp_path, EVERY_CHOICE)).describe()
    assert told["statistic"] == "percentile"
    assert told["percentile"] == 99.0
    assert told["per_channel"] is False
    assert "percentile" not in RECIPES["int8"].describe()
    assert "statistic" not in RECIPES["float16"].describe()


@pytest.mark.parametrize("name", RECIPES)
def test_shipped_recipes_say_when_to_choose_them(name: str) -> None:
    assert RECIPES[name].purpose


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("seed = 1", "base = one of float32, float16, dynamic, int8"),
        ('base = "int4"', "base = one of"),
        ('base = "int8"\nbatch = 3', "'batch' is an unknown field"),
        ('base = "int8"\nname = "x"', "'name' is an unknown field"),
        ('base = "int8"\nseed = "one"', "expected a whole number"),
        ('base = "int8"\nseed = -1', "from 0 to"),
        ('base = "int8"\nstatistic = "mean"', "minmax or percentile"),
        ('base = "int8"\npercentile = 20', "from 50 to 100"),
        ('base = "int8"\nsplit = "all"', "'split'"),
        ('base = "int8"\nweights = "float16"', "int8 with integer activations"),
        ('base = "float16"\nper_channel = false', "weights that are no int8"),
        ('base = "int8"\nper_channel = false\nper_channel_dense = true', "false without per_channel"),
        ('base = "float16"\ninput_dtype = "int8"', "uint8 or float32"),
        ('base = "float16"\nseed = 1', "has no effect"),
        ('base = "int8"\npercentile = nan', "expected a number"),
        ('base = "int8"\ncalibration_size = 0', "from 1 to"),
        ("base = []", "base = one of"),
        ("base = [", "not valid TOML"),
    ],
)
def test_wrong_files_are_told(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(RecipeError, match=reason):
        find_recipe(write(tmp_path, text))


def test_a_missing_file_is_told() -> None:
    with pytest.raises(RecipeError, match=r"nowhere\.toml"):
        find_recipe("nowhere.toml")
