"""What the written pages show works: their Python runs, their files exist, their commands are commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from seedbed.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "CONTRIBUTING.md"]
pytestmark = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the docs folder is not beside the tests")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert target.startswith("http") or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_on_the_pages_exist(page: Path) -> None:
    for name in re.findall(r"^(?:    |\$ )?seedbed ([a-z-]+)", page.read_text(encoding="utf-8"), flags=re.MULTILINE):
        assert name in COMMANDS, name


def test_the_readme_names_only_what_is_there() -> None:
    table = (ROOT / "README.md").read_text(encoding="utf-8").partition("## What is where")[2]
    for cell in re.findall(r"^\| (.*?) \|", table, flags=re.MULTILINE):
        folder = ""
        for name in re.findall(r"`([^`]+)`", cell):
            folder = name.rpartition("/")[0] if name.startswith("src/") and name.endswith(".py") else folder
            folder = name.rstrip("/").rpartition("/")[0] if name.startswith("src/") and name.endswith("/") else folder
            assert (ROOT / name).exists() or (ROOT / folder / name).exists(), name


def test_the_readme_has_the_two_commands() -> None:
    lines = [line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("$ ")]
    assert lines[0].endswith(".venv/bin/seedbed train digits")
    assert lines[1].endswith('-e ".[dev]" && .venv/bin/pytest -n 2')
    assert len(lines) == 2


@pytest.mark.slow
def test_the_quickstarts_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert blocks
    for block in blocks:
        names: dict[str, object] = {}
        exec(compile(block, "quickstart.md", "exec"), names)
        assert names["result"].metrics["val_accuracy"] > 0.8  # type: ignore[attr-defined]
