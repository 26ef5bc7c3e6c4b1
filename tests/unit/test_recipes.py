"""The built-in recipes: found by name, right in every argument, and with a measured result that the README repeats."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
import torch

from seedbed.errors import ConfigError, DataError
from seedbed.parts import load
from seedbed.recipes.catalog import FOLDER, find_recipe, list_recipes
from seedbed.result import Options
from seedbed.run import train

RECIPES = list_recipes()
PAGE = Path(__file__).parents[2] / "README.md"
OFFLINE = ["digits", "linear", "svm", "logistic", "mnist1d", "mnist1d:logistic", "mnist1d:mlp", "mnist1d:gru"]


def test_these_are_the_recipes() -> None:
    names = {recipe.name for recipe in RECIPES}
    assert names >= {*OFFLINE, "mnist", "bikes", "chargpt"}


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_recipe_is_right_and_says_what_it_shows(recipe) -> None:
    load(recipe.config)
    assert recipe.shows
    assert recipe.result
    assert (recipe.config.parent / "README.md").is_file()
    written = json.loads(recipe.config.read_text())["name"]
    assert recipe.name.replace(":", "-") == written


@pytest.mark.skipif(not PAGE.exists(), reason="the README is not beside the tests")
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_the_readme_has_the_measured_result(recipe) -> None:
    assert f"| `{recipe.name}` | {recipe.shows} | {recipe.result} |" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", OFFLINE)
def test_a_recipe_without_files_trains(name: str, tmp_path: Path) -> None:
    result = train(name, ["trainer.steps=2"], Options(out=tmp_path / "run", console="silent"))
    assert result.step == 2


@pytest.mark.parametrize("name", ["bikes", "chargpt"])
def test_absent_data_are_one_sentence_with_the_option(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SEEDBED_DATA", raising=False)
    with pytest.raises(DataError, match=r"SEEDBED_DATA is not set; .*data\.args\.path=FILE"):
        train(name, [], Options(out=tmp_path / "run", console="silent"))
    monkeypatch.setenv("SEEDBED_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"does not exist; .*data\.args\.path=FILE"):
        train(name, [], Options(out=tmp_path / "other", console="silent"))


def test_the_planted_coefficients_are_read_back_from_the_state(tmp_path: Path) -> None:
    train("linear", ["trainer.epochs=5"], Options(out=tmp_path / "run", console="silent"))
    spec = importlib.util.spec_from_file_location("read_back", FOLDER / "linear" / "read_back.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    coefficients, intercept = module.read_back(tmp_path / "run")
    torch.testing.assert_close(torch.tensor(coefficients), torch.tensor(module.PLANTED), atol=0.06, rtol=0)
    assert abs(intercept - module.INTERCEPT) < 0.06


def test_a_wrong_name_gets_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'digits'"):
        find_recipe("digit")


@pytest.mark.slow
def test_the_digits_are_learned(tmp_path: Path) -> None:
    result = train("digits", [], Options(out=tmp_path / "run", console="silent"))
    assert result.metrics["test_accuracy"] >= 0.975
