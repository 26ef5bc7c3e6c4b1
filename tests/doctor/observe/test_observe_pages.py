"""Pages of mistakes that only a running script shows: the example fires, the cure does not."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable

import pytest

from seedbed.doctor.codes import CHECKS

Codes = Callable[[str], set[str]]
WATCHED = (
    "SB146", "SB218", "SB229", "SB240", "SB243", "SB247", "SB248", "SB285", "SB422", "SB433", "SB519", "SB522",
    "SB614", "SB713", "SB804", "SB901", "SB909", "SB915", "SB916", "SB919", "SB920", "SB923",
)  # fmt: skip


def _blocks(code: str) -> list[str]:
    page = importlib.import_module(CHECKS[code].module).__doc__ or ""
    return re.findall(r"```python\n(.*?)```", page, flags=re.S)


@pytest.mark.parametrize("code", WATCHED)
def test_the_example_of_a_page_fires_and_its_cure_does_not(code: str, codes_of: Codes) -> None:
    bad, good = _blocks(code)
    assert code in codes_of(bad)
    assert codes_of(good) == set()
