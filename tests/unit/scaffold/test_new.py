"""New project folders: what is in them, and every name that is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seedbed.config.load import load_config
from seedbed.errors import ConfigError
from seedbed.scaffold.new import FOLDER, PLACEHOLDER, list_templates, new_project

TEMPLATES = ["blank", "image", "series", "tabular", "text"]


def test_there_are_five_templates() -> None:
    assert list_templates() == TEMPLATES


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_project_has_its_files_and_its_name_everywhere(tmp_path: Path, template: str) -> None:
    written = new_project(tmp_path / "my-project", template)
    names = {str(path.relative_to(tmp_path / "my-project")) for path in written}
    assert {
        ".gitignore",
        "README.md",
        "config.json",
        "data.py",
        "model.py",
        "tests/test_project.py",
        "train.py",
    } <= names
    assert not [name for name in names if "pycache" in name]
    assert not [path for path in written if PLACEHOLDER in path.read_text()]
    assert json.loads((tmp_path / "my-project" / "config.json").read_text())["name"] == "my-project"


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_templates_config_is_right(tmp_path: Path, template: str) -> None:
    new_project(tmp_path / "one", template)
    assert load_config(tmp_path / "one" / "config.json", []).notes == []


@pytest.mark.parametrize("name", ["", ".", "..", "two words", "-dash", "naïve", "a:b", "what?", "_private", "torch"])
def test_a_name_that_would_not_work_is_refused_and_nothing_is_made(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"project's name|would hide|exists already"):
        new_project(tmp_path / name, "blank")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "file").write_text("mine")
    for name in ("here", "file"):
        with pytest.raises(ConfigError, match="exists already, and nothing is overwritten"):
            new_project(tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"
    assert not list((tmp_path / "here").iterdir())


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written: Not a directory"):
        new_project(tmp_path / "file" / "project")


def test_an_unknown_template_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="blank, image, series, tabular, text"):
        new_project(tmp_path / "one", "video")


def test_the_templates_are_complete_files_of_their_own() -> None:
    assert not list(FOLDER.rglob("*.pyc")) or all("__pycache__" in path.parts for path in FOLDER.rglob("*.pyc"))
    assert all(PLACEHOLDER in (FOLDER / name / "config.json").read_text() for name in TEMPLATES)
