"""``seedbed check`` and ``seedbed explain`` as commands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from seedbed.cli.check import command as check
from seedbed.cli.explain import command as explain
from seedbed.doctor.static.settings import chosen, read_settings
from seedbed.errors import ConfigError

BAD = "import torch\nx = torch.randn(3)\nx.clamp(0, 1)\n"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "train.py"
    path.write_text(BAD)
    return path


def test_findings_exit_with_one_and_clean_code_with_zero(script: Path) -> None:
    result = CliRunner().invoke(check, [str(script)])
    assert result.exit_code == 1
    assert "SB215" in result.output
    script.write_text(BAD.replace("x.clamp", "x = x.clamp"))
    assert CliRunner().invoke(check, [str(script)]).exit_code == 0


def test_json_has_severity_line_and_message(script: Path) -> None:
    result = CliRunner().invoke(check, [str(script), "--json"])
    finding = json.loads(result.output)["findings"][0]
    assert (finding["code"], finding["line"], finding["severity"]) == ("SB215", 3, "error")
    assert "thrown away" in finding["message"]


def test_sarif_and_github_name_the_place(script: Path) -> None:
    sarif = json.loads(CliRunner().invoke(check, [str(script), "--format", "sarif"]).output)
    place = sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["region"]["startLine"] == 3
    line = CliRunner().invoke(check, [str(script), "--format", "github"]).output
    assert line.startswith(f"::error file={script},line=3,title=SB215")


def test_select_ignore_and_pyproject_choose_the_checks(script: Path) -> None:
    assert CliRunner().invoke(check, [str(script), "--ignore", "SB2"]).exit_code == 0
    assert CliRunner().invoke(check, [str(script), "--select", "missing-zero-grad"]).exit_code == 0
    (script.parent / "pyproject.toml").write_text('[tool.seedbed.check]\nignore = ["SB215"]\n')
    assert read_settings([script]).ignore == "SB215"
    assert CliRunner().invoke(check, [str(script)]).exit_code == 0


def test_an_unknown_code_is_an_error() -> None:
    with pytest.raises(ConfigError, match="SB999"):
        chosen("SB999", "")


def test_explain_prints_a_page_and_suggests_a_near_code() -> None:
    page = CliRunner().invoke(explain, ["SB101", "--lang", "en"]).output
    assert "Use instead" in page
    assert "missing-zero-grad" in CliRunner().invoke(explain, ["--lang", "en"]).output
    wrong = CliRunner().invoke(explain, ["missing-zero-gard"])
    assert wrong.exit_code == 2
    assert "missing-zero-grad" in wrong.output


def test_neither_command_imports_torch(script: Path) -> None:
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom seedbed.cli.check import command\n"
        f"CliRunner().invoke(command, [{str(script)!r}])\n"
        "print([m for m in ('torch', 'pydantic', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
