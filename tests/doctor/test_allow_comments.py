"""Comments that keep a check quiet: how they may be written, and for which lines they count."""

from __future__ import annotations

import linecache
from pathlib import Path

import pytest

from seedbed.doctor.allowing import read_allowed
from seedbed.doctor.codes import CHECKS
from seedbed.doctor.probes.judge import _allowed as allowed_in_run
from seedbed.doctor.static.engine import check_paths, check_text
from seedbed.doctor.static.files import Problem

START = "import torch\nx = torch.randn(3)\n"


@pytest.mark.parametrize(
    "comment",
    [
        "seedbed: allow=SB215",
        "seedbed: allow=SB215 known",
        "seedbed: allow=SB215 -- it is timed only",
        "seedbed: allow=SB215, known",
        "seedbed: allow=SB101,SB215 reason here",
        "seedbed: allow=SB101 SB215",
        "seedbed : allow = sb215",
        "SEEDBED: ALLOW=SB215: known",
        "seedbed: allow SB215",
        "seedbed: allow=[SB215]",
        "seedbed: allow=SB21",
        "seedbed: allow=discarded-result because it is timed",
        "seedbed: allow=all",
        "noqa: B018 # seedbed: allow=SB215",
    ],
)
def test_every_spelling_keeps_the_line_quiet(comment: str) -> None:
    assert CHECKS["SB215"].name == "discarded-result"
    assert [f.code for f in check_text(START + "x.clamp(0, 1)\n")] == ["SB215"]
    assert check_text(f"{START}x.clamp(0, 1)  # {comment}\n") == []
    assert read_allowed(f"x  # {comment}\n").notes == []


@pytest.mark.parametrize(
    "code",
    [
        "# seedbed: allow=SB215\nx.clamp(0, 1)\n",
        "# seedbed: allow=SB215\n# and why\nx.clamp(0, 1)\n",
        "if len(x):\n    # seedbed: allow=SB215\n    x.clamp(0, 1)\n",
        "x.clamp(\n    0,\n    1,\n)  # seedbed: allow=SB215\n",
        "x.clamp(  # seedbed: allow=SB215\n    0,\n    1,\n)\n",
        "x.clamp(\n    # seedbed: allow=SB215\n    0,\n    1,\n)\n",
        "(x\n    .clamp(0, 1)  # seedbed: allow=SB215\n)\n",
    ],
)
def test_a_comment_counts_for_its_whole_statement_and_above_one(code: str) -> None:
    assert [f.code for f in check_text(START + code.replace("SB215", "SB101"))] == ["SB215"]
    assert check_text(START + code) == []


@pytest.mark.parametrize(
    "code",
    [
        "y = 1  # seedbed: allow=SB215\nx.clamp(0, 1)\n",
        "# seedbed: allow=SB215\ny = 1\nx.clamp(0, 1)\n",
        "for _ in range(2):  # seedbed: allow=SB215\n    x.clamp(0, 1)\n",
        "x.clamp(0, 1)\n# seedbed: allow=SB215\n",
    ],
)
def test_other_statements_are_not_kept_quiet(code: str) -> None:
    assert [f.code for f in check_text(START + code)] == ["SB215"]


def test_a_decorated_function_is_one_statement() -> None:
    text = "# seedbed: allow=SB101\n@a\n@b(\n    1 @ 2,\n)\ndef f(\n    x,\n):\n    return x\n"
    assert sorted(read_allowed(text).codes) == [2, 3, 4, 5, 6, 7, 8]
    assert sorted(read_allowed("x = (a\n  @ b\n)  # seedbed: allow=SB101\ny = 1\n").codes) == [1, 2, 3]


def test_the_reason_behind_the_codes_allows_nothing() -> None:
    assert all("-" in check.name for check in CHECKS.values())  # so a word of a reason is hardly ever a name
    assert read_allowed("x  # seedbed: allow=SB101 all of it\n").codes == {1: {"SB101"}}


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("allow=SB999", "allow=SB999 keeps nothing quiet"),
        ("allow=SB215 SB999", "allow=SB999 keeps nothing quiet"),
        ("allow=missing-zero-gard", "did you mean missing-zero-grad?"),
        ("allow=", "names no check"),
    ],
)
def test_a_comment_in_vain_is_told_with_its_line(tmp_path: Path, comment: str, said: str) -> None:
    path = tmp_path / "train.py"
    path.write_text(f"{START}y = 1  # seedbed: {comment}\n")
    problems: list[Problem] = []
    check_paths([path], problems)
    assert [p.kind for p in problems] == ["note"]
    assert problems[0].text.startswith(f"{path}:3: ")
    assert said in problems[0].text


def test_a_comment_above_an_empty_line_is_told() -> None:
    ((line, why),) = read_allowed("# seedbed: allow=SB215\n\nx = 1\n").notes
    assert line == 1
    assert "belongs to no statement" in why


def test_findings_of_a_run_follow_the_same_rule(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_text("# seedbed: allow=SB101 known\nloss.backward(\n    x,\n)\nstep()\n")
    linecache.checkcache()
    seen = [CHECKS["SB101"].finding(file=str(path), line=line, source="dynamic") for line in (2, 3, 4, 5)]
    assert [allowed_in_run(f, {}) for f in seen] == [True, True, True, False]
    assert not allowed_in_run(CHECKS["SB102"].finding(file=str(path), line=2, source="dynamic"), {})
    assert not allowed_in_run(CHECKS["SB101"].finding(where="encoder"), {})
