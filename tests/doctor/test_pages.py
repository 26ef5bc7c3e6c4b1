"""Every page is a test: its example must fire its own code, its cure must not."""

from __future__ import annotations

import pytest

from seedbed.doctor.codes import CHECKS
from seedbed.doctor.pages import SECTIONS, korean, read_page
from seedbed.doctor.static.engine import check_text
from seedbed.doctor.static.table import STATIC

HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"


@pytest.mark.parametrize("code", STATIC)
def test_the_example_of_a_page_fires_its_own_code(code: str) -> None:
    page = read_page(CHECKS[code])
    assert page is not None
    found = {f.code for f in check_text(HEAD + page.example, strict=True)}
    assert code in found


@pytest.mark.parametrize("code", STATIC)
def test_the_cure_of_a_page_is_quiet(code: str) -> None:
    page = read_page(CHECKS[code])
    assert page is not None
    found = {f.code for f in check_text(HEAD + page.instead, strict=True)}
    assert code not in found


@pytest.mark.parametrize("code", STATIC)
def test_a_page_has_all_sections_in_order(code: str) -> None:
    page = read_page(CHECKS[code])
    assert page is not None
    assert SECTIONS == ("What it does", "Why is this bad", "Example", "Use instead")
    assert page.title
    assert page.what
    assert page.why
    assert page.example.strip() != page.instead.strip()


def test_korean_texts_belong_to_known_checks_and_are_complete() -> None:
    for code, texts in korean().items():
        assert code in CHECKS
        assert set(texts) == {"title", "what", "why", "fix"}
        assert all(texts.values())


def test_names_and_codes_are_unique_and_read_after_allow() -> None:
    names = [c.name for c in CHECKS.values()]
    assert len(set(names)) == len(names)
    assert not [n for n in names if n.startswith(("no-", "bad-"))]
