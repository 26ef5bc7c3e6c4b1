"""The page of the command line is what the commands say of themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedbed.cli.main import COMMANDS
from seedbed.cli.reference import make_page

PAGE = Path(__file__).parents[3] / "docs" / "cli.md"


@pytest.mark.skipif(not PAGE.exists(), reason="the docs folder is not beside the tests")
def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == make_page(), "run: python -m seedbed.cli.reference > docs/cli.md"


def test_every_command_has_its_section_and_every_option_a_word() -> None:
    page = make_page()
    for name in COMMANDS:
        assert f"\n## seedbed {name}\n" in page
