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


REBUILT = """import torch
from torch import nn
def start(part):
    if isinstance(part, nn.Linear):
        nn.init.kaiming_normal_(part.weight)
        nn.init.zeros_(part.bias)
def build(path):
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    net.load_state_dict(torch.load(path))
    net.apply(start)  #HERE
    return net
net = build("old.pt")
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for step in range(100):
    opt.zero_grad()
    nn.functional.cross_entropy(net(torch.randn(8, 4)), torch.randint(0, 2, (8,))).backward()
    opt.step()
"""
MISNAMED = """import copy
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split
data = TensorDataset(torch.randn(300, 4), torch.randint(0, 2, (300,)))
train_set, val_set, test_set = random_split(data, [200, 50, 50])
train_loader = DataLoader(train_set, batch_size=20, shuffle=True)
val_loader = DataLoader(test_set, batch_size=50)  #HERE
net = nn.Linear(4, 2)
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
def measure(loader):
    right = sum((net(x).argmax(1) == y).sum().item() for x, y in loader)
    return right / 50
best, kept = 0.0, None
for epoch in range(10):
    for x, y in train_loader:
        opt.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        opt.step()
    with torch.no_grad():
        acc = measure(val_loader)
    if acc > best:
        best, kept = acc, copy.deepcopy(net.state_dict())
net.load_state_dict(kept)
"""


@pytest.mark.parametrize(("code", "text"), [("SB608", REBUILT), ("SB311", MISNAMED)])
def test_the_line_is_the_one_that_has_to_change(code: str, text: str) -> None:
    wanted = next(n for n, line in enumerate(text.splitlines(), 1) if "#HERE" in line)
    assert [f.line for f in check_text(text, strict=True) if f.code == code] == [wanted]
