"""Small correct programs about data, and one change at a time that makes them silently wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seedbed.doctor.finding import Severity
from seedbed.doctor.static.engine import check_text

TABLE: dict[str, Any] = json.loads((Path(__file__).parent / "cases" / "data_mistakes.json").read_text(encoding="utf-8"))
PROGRAMS: list[dict[str, Any]] = TABLE["programs"]
MISTAKES = [(p, m, f"{p['name']}-{k}") for p in PROGRAMS for k, m in enumerate(p["mistakes"])]


def _text(program: dict[str, Any], changes: list[list[str]]) -> str:
    body = "\n".join(program["program"]) + "\n"
    for old, new in changes:
        assert old in body
        body = body.replace(old, new)
    return "\n".join(TABLE["head"]) + body + "\n".join(TABLE["tails"][program["tail"]])


def _codes(text: str) -> set[str]:
    return {f.code for f in check_text(text, strict=True) if f.severity >= Severity.WARNING}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: str(p["name"]))
def test_a_correct_program_about_data_is_quiet(program: dict[str, Any]) -> None:
    assert not _codes(_text(program, []))


@pytest.mark.parametrize(("program", "mistake"), [m[:2] for m in MISTAKES], ids=[m[2] for m in MISTAKES])
def test_one_mistake_about_data_is_found(program: dict[str, Any], mistake: dict[str, Any]) -> None:
    assert set(mistake["codes"]) & _codes(_text(program, mistake["replace"]))
