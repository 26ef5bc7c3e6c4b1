"""Short programs in other styles than the pages: which check must speak, and which must all be quiet."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from seedbed.doctor.finding import Severity
from seedbed.doctor.static.engine import check_text

HEAD = """import torch, math
import numpy as np
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
"""
BLOCKS = [
    (*block.partition("\n")[0].split(" ", 1), block.partition("\n")[2])
    for file in sorted((Path(__file__).parent / "snippets").glob("*.txt"))
    for block in re.split(r"^#### ", file.read_text(), flags=re.MULTILINE)[1:]
]


@pytest.mark.parametrize(("code", "title", "body"), BLOCKS, ids=[f"{c}-{t}" for c, t, _ in BLOCKS])
def test_a_snippet_gets_its_finding_or_none(code: str, title: str, body: str) -> None:
    found = {f.code for f in check_text(HEAD + body, strict=True) if f.severity >= Severity.WARNING}
    assert (not found) if code == "quiet" else (code in found), title
