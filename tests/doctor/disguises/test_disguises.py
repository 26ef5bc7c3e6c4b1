"""A mistake is found, and a correct script is quiet, however the same program is written.

A few scripts of the corpus, in all disguises; ``measure.py`` looks at as many as one likes.
"""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest
from disguise import ALL, disguised
from measure import CORPUS, one_correct, one_pair, pairs

PAIRS = list(pairs(180))
CORRECT = sorted((CORPUS / "correct").glob("*.py"))[::120]
SMALL = """
import torch
from torch import nn
import torch.nn.functional as F

def total(rows, scale=2):
    result = 0.0
    for i, (a, b) in enumerate(rows):
        part = F.softmax(torch.tensor([float(a), float(b)]), dim=0)
        weighted = part[0].item() * scale
        result += weighted + i
    return result

torch.manual_seed(3)
rows = [(1, 2), (3, 5)]
layer = nn.Linear(2, 1)
loss = F.mse_loss(layer(torch.ones(4, 2)), torch.zeros(4, 1))
for n in range(3):
    value = total(rows, scale=n)
    print(n, round(value, 4))
    print(torch.sum(torch.arange(n)).item())
for row in rows:
    best = max(row)
    if best > 2:
        print(best)
print(round(loss.item(), 5))
best = 0.0
for row in rows:
    best = max(best, row[1] / 7)
print(best)
"""


def printed(code: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "small.py", "exec"), {"__name__": "__main__"})
    return out.getvalue()


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_disguised_program_does_the_same(name: str) -> None:
    code = disguised(SMALL, ALL[name])
    assert code is not None
    assert name == "plain" or code != disguised(SMALL, ALL["plain"])
    assert printed(code) == printed(SMALL)


@pytest.mark.parametrize("folder", PAIRS, ids=lambda f: f.name)
def test_a_mistake_is_found_in_every_disguise_but_without_names(folder: Path) -> None:
    result = one_pair(folder, [name for name in ALL if name != "opaque_names"])
    assert result
    assert {name: what for name, what in result.items() if what != "kept"} == {}


@pytest.mark.parametrize("file", CORRECT, ids=lambda f: f.stem)
def test_a_correct_program_is_quiet_in_every_disguise(file: Path) -> None:
    result = one_correct(file, list(ALL))
    assert result
    assert {name: what for name, what in result.items() if what != "kept"} == {}
