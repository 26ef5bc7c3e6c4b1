"""Programs about rows, splits, windows and scalings: right ones that look unusual, and wrong ones in many styles."""

from __future__ import annotations

import re
from collections.abc import Iterator
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
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset, random_split
from torch.utils.data import SubsetRandomSampler, WeightedRandomSampler
torch.manual_seed(0); np.random.seed(0); random.seed(0)
"""
FIT = """net = IN
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(5):
    net.train()
    for xb, yb in train_loader:
        opt.zero_grad()
        loss = LOSS
        loss.backward()
        opt.step()
    net.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for xb, yb in val_loader:
            total += SCORE
            count += len(yb)
    print(epoch, total / count)
"""
KINDS = {
    "@CLS": ("F.cross_entropy(net(xb), yb)", "(net(xb).argmax(1) == yb).sum().item()"),
    "@REG": ("F.mse_loss(net(xb), yb)", "F.mse_loss(net(xb), yb, reduction='sum').item()"),
    "@SEG": (
        "F.binary_cross_entropy_with_logits(net(xb), yb)",
        "((net(xb) > 0) == (yb > 0.5)).float().mean((1, 2, 3)).sum().item()",
    ),
}


def programs(name: str) -> Iterator[tuple[str, str]]:
    """Titles and texts of a file; ``@CLS`` and its like stand for a training and an evaluation of that kind."""
    text = (Path(__file__).parent / "rows" / name).read_text()
    for block in re.split(r"^#### ", text, flags=re.MULTILINE)[1:]:
        title, _, body = block.partition("\n")
        for kind, (loss, score) in KINDS.items():
            body = body.replace(kind + "\n", FIT.replace("LOSS", loss).replace("SCORE", score))
        yield title, HEAD + body


RIGHT, WRONG = list(programs("right.txt")), list(programs("wrong.txt"))


@pytest.mark.parametrize("text", [t for _, t in RIGHT], ids=[n for n, _ in RIGHT])
def test_a_right_program_in_an_unusual_style_gets_no_finding(text: str) -> None:
    assert not [(f.code, f.line) for f in check_text(text, strict=True) if f.severity >= Severity.WARNING]


@pytest.mark.parametrize(("title", "text"), WRONG, ids=[n for n, _ in WRONG])
def test_a_wrong_program_gets_the_finding_that_its_title_names(title: str, text: str) -> None:
    found = {f.code for f in check_text(text, strict=True) if f.severity >= Severity.WARNING}
    assert title.split()[0] in found
