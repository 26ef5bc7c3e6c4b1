"""``seedbed config``: what it prints, and that it prints it without torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from seedbed.cli.config import command, find_source
from seedbed.config.load import load_config
from seedbed.errors import ConfigError

GOOD = '{"model": {"type": "LeNet"},\n "data": {"type": "Nothing"},\n "objective": {"type": "Classification"}}'
TEMPLATE = (
    '{"arch": {"type": "A"}, "data_loader": {"type": "B"}, "optimizer": {"type": "Adam"}, "loss": "nll_loss", '
    '"trainer": {"epochs": 3, "verbosity": 2}}'
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.json"
    path.write_text(GOOD)
    return path


def run(*args: str) -> tuple[str, str]:
    result = CliRunner().invoke(command, list(args), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


def test_show_prints_every_value_and_where_it_came_from(config: Path) -> None:
    rows = [line.split() for line in run("show", str(config), "trainer.epochs=3")[0].splitlines()]
    assert ["model.type", '"LeNet"', f"{config}:1"] in rows
    assert ["data.type", '"Nothing"', f"{config}:2"] in rows
    assert ["trainer.epochs", "3", "override"] in rows
    assert ["seed", "0", "default"] in rows


def test_show_as_json_can_be_read_by_a_program(config: Path) -> None:
    shown = json.loads(run("show", str(config), "--json")[0])
    assert shown["config"] == load_config(config).config.model_dump(mode="json")
    assert shown["origins"]["model.type"] == f"{config}:1"
    assert shown["notes"] == []


def test_show_with_check_looks_up_the_types(config: Path) -> None:
    with pytest.raises(ConfigError, match=r"config\.json:2: data\.type: there is no data named 'Nothing'"):
        run("show", str(config), "--check")


def test_schema_is_json() -> None:
    assert json.loads(run("schema")[0])["title"] == "Config"


@pytest.mark.parametrize("syntax", ["json", "yaml", "toml"])
def test_convert_writes_our_form_and_notes(tmp_path: Path, syntax: str) -> None:
    path = tmp_path / "theirs.json"
    path.write_text(TEMPLATE)
    out, notes = run("convert", str(path), "--to", syntax)
    assert "trainer.verbosity is ignored" in notes
    (tmp_path / f"ours.{syntax}").write_text(out)
    assert load_config(tmp_path / f"ours.{syntax}").config == load_config(path).config
    target = tmp_path / "written"
    assert run("convert", str(path), "--to", syntax, "-o", str(target))[0] == ""
    assert target.read_text() == out
    with pytest.raises(ConfigError, match="the file exists"):
        run("convert", str(path), "-o", str(target))


def test_a_null_cannot_be_written_as_toml(tmp_path: Path, config: Path) -> None:
    with pytest.raises(ConfigError, match=r"ema is null, which TOML does not have; write JSON or YAML"):
        run("convert", str(config), "ema=null", "--to", "toml")


def test_a_name_without_a_file_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="nothing-here"):
        run("show", "nothing-here")
    assert find_source("a/b.json") == Path("a/b.json")


@pytest.mark.slow
def test_show_and_schema_and_convert_load_no_torch(config: Path) -> None:
    code = (
        "import sys\nfrom seedbed.cli.main import main\n"
        "for args in (['show', sys.argv[1]], ['schema'], ['convert', sys.argv[1]]):\n"
        "    try:\n        main(['config', *args])\n    except SystemExit as end:\n        assert not end.code\n"
        "assert 'torch' not in sys.modules and 'numpy' not in sys.modules\n"
    )
    result = subprocess.run([sys.executable, "-c", code, str(config)], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
