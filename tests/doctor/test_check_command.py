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
from seedbed.doctor.static.settings import Settings, read_settings
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
        Settings().chosen("SB999")


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


def _refused(*args: object) -> str:
    result = CliRunner().invoke(check, [str(a) for a in args])
    assert isinstance(result.exception, ConfigError)
    return str(result.exception)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tool = 5", "tool = 5 must be a table"),
        ('[tool]\nseedbed = "x"', "tool.seedbed = 'x' must be a table"),
        ("[tool.seedbed]\ncheck = 3", "tool.seedbed.check = 3 must be a table"),
        ('[tool.seedbed]\ncheck = ["SB1"]', "tool.seedbed.check = ['SB1'] must be a table"),
        ('[tool.seedbed.check]\nselect = ["SB999"]', "[tool.seedbed.check] select names"),
        ('[tool.seedbed.check]\nignore = ["SB999"]', "[tool.seedbed.check] ignore names"),
        ('[tool.seedbed.check]\nignore = "SB101"', "must be a list of codes"),
    ],
)
def test_a_wrong_pyproject_is_one_sentence_with_file_and_key(script: Path, text: str, said: str) -> None:
    file = script.parent / "pyproject.toml"
    file.write_text(text + "\n")
    sentence = _refused(script)
    assert str(file) in sentence
    assert said in sentence


def test_a_choice_that_leaves_nothing_to_ask_is_refused(script: Path) -> None:
    assert "--select ',' names no check" in _refused(script, "--select", ",")
    assert "leave no check to ask" in _refused(script, "--select", "SB101", "--ignore", "SB1")
    (script.parent / "pyproject.toml").write_text('[tool.seedbed.check]\nignore = ["SB2"]\n')
    assert "pyproject.toml [tool.seedbed.check] ignore (SB2)" in _refused(script, "--select", "SB215")
    assert CliRunner().invoke(check, [str(script), "--select", "SB215", "--ignore", ""]).exit_code == 1


def test_two_forms_at_once_are_refused(script: Path) -> None:
    assert "--json and --format text" in _refused(script, "--json", "--format", "text")
    both = CliRunner().invoke(check, [str(script), "--json", "--format", "json"])
    assert json.loads(both.output)["findings"]


def test_github_properties_are_escaped(tmp_path: Path) -> None:
    path = tmp_path / "50%, a:b\n.py"
    path.write_text(BAD)
    line = CliRunner().invoke(check, [str(path), "--format", "github"]).output
    assert line.startswith(f"::error file={tmp_path}/50%25%2C a%3Ab%0A.py,line=3,title=SB215 ")
    assert line.count("\n") == 1


def test_only_the_rules_that_are_asked_are_imported(script: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom seedbed.doctor.static.engine import check_paths\n"
        f"print(len(check_paths([Path({str(script)!r})], None, frozenset(['SB215']))))\n"
        "print([m for m in sys.modules if m.startswith('seedbed.doctor.rules.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["1", "['seedbed.doctor.rules.sb215_discarded_result']"]
