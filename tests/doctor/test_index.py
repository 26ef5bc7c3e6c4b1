"""The index of checks in the documentation is the one that the table gives."""

from __future__ import annotations

from pathlib import Path

from seedbed.doctor.codes import CHECKS
from seedbed.doctor.index import index
from seedbed.doctor.pages import read_page

ROOT = Path(__file__).parents[2]


def test_the_index_page_is_up_to_date() -> None:
    text = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    assert text == index(), "run: python -m seedbed.doctor.index > docs/checks.md"


def test_every_check_has_a_page_with_all_its_sections() -> None:
    for check in CHECKS.values():
        page = read_page(check)
        assert page is not None, check.code
        assert page.what, check.code
        assert page.why, check.code
        assert page.example != page.instead, check.code
