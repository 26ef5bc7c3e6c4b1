"""Short programs of many kinds (sequences, generative models, policies, graphs): each wrong one names its mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedbed.doctor.finding import Severity
from seedbed.doctor.static.engine import check_text

PROGRAMS = sorted((Path(__file__).parent / "cases" / "kinds").glob("*.py"))


def codes(path: Path) -> set[str]:
    return {f.code for f in check_text(path.read_text(), strict=True) if f.severity >= Severity.WARNING}


@pytest.mark.parametrize("path", [p for p in PROGRAMS if p.name.startswith("sb")], ids=lambda p: p.stem)
def test_a_wrong_program_names_its_mistake(path: Path) -> None:
    assert path.stem.split("_")[0].upper() in codes(path)


@pytest.mark.parametrize("path", [p for p in PROGRAMS if p.name.startswith("quiet")], ids=lambda p: p.stem)
def test_the_correct_program_of_a_kind_is_quiet(path: Path) -> None:
    assert codes(path) == set()
