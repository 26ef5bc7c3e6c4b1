"""Where a finding is reported when its cause and its effect lie apart: the line that has to change."""

from __future__ import annotations

import pytest

from seedbed.doctor.static.engine import check_text

PROGRAM = """import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    def forward(self, x):
        return self.layers(x)  #FORWARD
def squared(pred, wanted):
    return ((pred - wanted) ** 2).mean()
x = torch.randn(200, 4)
y = x[:, 0] * 2
net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(100):
    opt.zero_grad()
    loss = squared(net(x), y)  #CALL
    loss.backward()
    opt.step()
net.eval()
with torch.no_grad():
    print((SHOWN - y).abs().mean().item())
"""


@pytest.mark.parametrize(
    ("shown", "mark"),
    [
        ("net(x).flatten()", "#FORWARD"),
        ("net(x).reshape_as(y)", "#FORWARD"),
        ("net(x).squeeze(1)", "#CALL"),
        ("net(x)[:, 0]", "#CALL"),
    ],
)
def test_a_column_is_named_where_it_is_given_unless_others_cut_it_off_themselves(shown: str, mark: str) -> None:
    text = PROGRAM.replace("SHOWN", shown)
    wanted = next(n for n, line in enumerate(text.splitlines(), 1) if mark in line)
    assert [f.line for f in check_text(text, strict=True) if f.code == "SB210"] == [wanted]
