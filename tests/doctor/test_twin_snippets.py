"""Short programs with one mistake and without it: lines marked #BUG are in the first only, #OK in the second only."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from seedbed.doctor.finding import Severity
from seedbed.doctor.static.engine import check_text

HEAD = """import copy, math, os, random
import numpy as np
import pandas as pd
import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, Dataset, random_split
torch.manual_seed(0); np.random.seed(0); random.seed(0)
"""
LOADERS = """x_all = torch.randn(640, 20)
y_all = (x_all[:, 0] + x_all[:, 1] > 0).long()
train_ds = TensorDataset(x_all[:512], y_all[:512]); val_ds = TensorDataset(x_all[512:], y_all[512:])
train_loader = DataLoader(train_ds, batch_size=32, shuffle=True)
val_loader = DataLoader(val_ds, batch_size=128)
"""
BLOCKS = [
    (*block.partition("\n")[0].split(" ", 1), block.partition("\n")[2])
    for file in sorted((Path(__file__).parent / "twins").glob("*.txt"))
    for block in re.split(r"^#### ", file.read_text(), flags=re.MULTILINE)[1:]
]


def variant(title: str, body: str, drop: str, keep: str) -> str:
    """One of the two programs."""
    lines = [line for line in body.splitlines() if not line.rstrip().endswith(drop)]
    text = "\n".join(re.sub(rf"\s*{keep}$", "", line) for line in lines)
    return HEAD + (LOADERS if title.endswith("with loaders") else "") + text + "\n"


@pytest.mark.parametrize(("code", "title", "body"), BLOCKS, ids=[f"{c}-{t}" for c, t, _ in BLOCKS])
def test_the_wrong_one_of_two_programs_gets_a_finding_and_the_right_one_none(code: str, title: str, body: str) -> None:
    wrong = check_text(variant(title, body, "#OK", "#BUG"), strict=True)
    right = check_text(variant(title, body, "#BUG", "#OK"), strict=True)
    assert code in {f.code for f in wrong if f.severity >= Severity.WARNING}
    assert not [f.code for f in right if f.severity >= Severity.WARNING]
