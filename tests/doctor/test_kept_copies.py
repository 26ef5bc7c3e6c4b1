"""SB619 says what was kept: the best weights where the program chooses them, any copy elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedbed.doctor.static.engine import check_text

SCRIPT = """
import copy
import torch
from torch import nn
from torch.nn import functional as F

x, y, x_val, y_val = torch.randn(9, 4), torch.ones(9).long(), torch.randn(9, 4), torch.ones(9).long()
model, low = nn.Linear(4, 2), 9.0
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(10):
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
    with torch.no_grad():
        score = F.cross_entropy(model(x_val), y_val).item()
    {}
torch.save(model.state_dict(), "final.pt")
"""


@pytest.mark.parametrize(
    ("kept", "title", "fix"),
    [
        ("if epoch == 5: m2 = copy.deepcopy(model)", "the weights are copied to m2 during", "m2.state_dict()"),
        (
            "if score < low: low, m2 = score, copy.deepcopy(model)",
            "the best weights are copied to m2",
            "m2.state_dict()",
        ),
        ("if epoch == 5: w = copy.deepcopy(model.state_dict())", "the weights are copied to w during", "(w)"),
        ("if epoch > 5: best = copy.deepcopy(model.state_dict())", "the best weights are copied to best", "(best)"),
    ],
)
def test_the_copy_is_named_for_what_it_is(kept: str, title: str, fix: str) -> None:
    (finding,) = (f for f in check_text(SCRIPT.format(kept), Path("train.py")) if f.code == "SB619")
    assert finding.title.startswith(title)
    assert fix in finding.fix
    assert ("best" in finding.why) == ("best" in title)
