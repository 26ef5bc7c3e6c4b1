"""The page about check, doctor and watch: every option is on it, and what it shows works."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner

from seedbed.cli import check, doctor
from seedbed.doctor.static.settings import read_settings

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "doctor.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the docs folder is not beside the tests")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)


def options() -> Iterator[str]:
    for command in (check.command, doctor.command):
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                yield (parameter.secondary_opts or parameter.opts)[-1]


def test_every_option_is_shown_with_an_example() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert not [name for name in options() if f"| `{name}` | `seedbed" not in page]


def test_every_shown_command_with_options_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("x = 1\n")
    shown = re.findall(r"\| `seedbed check ([^`]+)`", PAGE.read_text(encoding="utf-8"))
    assert len(shown) == 4
    for line in shown:
        assert CliRunner().invoke(check.command, line.split()).exit_code == 0, line


def test_the_watched_loop_prints_what_the_page_says(tmp_path: Path) -> None:
    loop = tmp_path / "loop.py"
    loop.write_text(blocks("python")[0])
    done = subprocess.run([sys.executable, str(loop)], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.stdout == "['SB101']\n"
    assert len(done.stderr.splitlines()) == 1
    assert "`['SB101']`" in PAGE.read_text(encoding="utf-8")


def test_the_allowing_comment_keeps_its_loop_quiet(tmp_path: Path) -> None:
    loop, comment = tmp_path / "loop.py", blocks("python")[1].strip()
    text = blocks("python")[0].replace("loss.backward()", comment)
    loop.write_text(text)
    assert CliRunner().invoke(check.command, [str(loop)]).exit_code == 0
    loop.write_text(text.replace(comment, "loss.backward()"))
    assert CliRunner().invoke(check.command, [str(loop)]).exit_code == 1


def test_the_project_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(blocks("toml")[0])
    settings = read_settings([tmp_path])
    shown = tomllib.loads(blocks("toml")[0])["tool"]["seedbed"]["check"]
    assert settings.select.split(",") == shown["select"]
    assert settings.ignore.split(",") == shown["ignore"]


def test_the_hooks_have_the_names_of_the_repository() -> None:
    hook = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))[0]
    far, near = (yaml.safe_load(text)["repos"][0]["hooks"][0] for text in blocks("yaml")[:2])
    assert far["id"] == near["id"] == hook["id"]
    assert {key: near[key] for key in ("name", "entry", "types_or")} == {
        key: hook[key] for key in ("name", "entry", "types_or")
    }
