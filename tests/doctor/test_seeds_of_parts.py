"""Draws that no result depends on, draws that are the seed itself, and layers that get other weights than they drew."""

from __future__ import annotations

import pytest

from seedbed.doctor.finding import Severity
from seedbed.doctor.static.engine import check_text

HEAD = """import random
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F
"""
TRAIN = """
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(50):
    optimizer.zero_grad()
    F.cross_entropy(model(x), y).backward()
    optimizer.step()
"""
DATA = "x, y = torch.linspace(0, 1, 1200).reshape(300, 4), torch.arange(300) % 3\n"
PICKED = f"torch.manual_seed(0)\n{DATA}rows = random.sample(range(300), k=5)\nprint(rows)\n"
DRAWN = """figure, axes = plt.subplots(1, 5)
for axis, row in zip(axes, rows):
    patch = x[row].reshape(2, 2)
    axis.imshow(patch)
"""
KEPT = "x, y = x[rows], y[rows]\n"
STEPPED = """for row in rows:
    x = x + x[row]
    plt.plot(x[0])
"""
CLOCK = f"number = random.randint(0, 2**31)\nnp.random.seed(number)\ntorch.manual_seed(number)\n{DATA}"
FILLED = """import torch
from torch import nn
import torch.nn.functional as F
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(4, 8), nn.Linear(8, 2)
    def forward(self, x):
        return self.head(torch.relu(self.body(x)))
net = Net()
FILL
for weight in net.parameters():
    weight.requires_grad = False
torch.manual_seed(0)
net.head = nn.Linear(8, 3)
optimizer = torch.optim.SGD(net.head.parameters(), lr=0.1)
x, y = torch.linspace(0, 1, 1200).reshape(300, 4), torch.arange(300) % 3
for epoch in range(50):
    optimizer.zero_grad()
    F.cross_entropy(net(x), y).backward()
    optimizer.step()
"""


def said(text: str) -> set[str]:
    """The codes of what is found at warning or above."""
    return {f.code for f in check_text(text, strict=True) if f.severity >= Severity.WARNING}


@pytest.mark.parametrize(
    ("wrong", "right", "code"),
    [
        (PICKED + KEPT + TRAIN, PICKED + DRAWN + TRAIN, "SB701"),
        (PICKED + STEPPED + TRAIN, TRAIN.join([PICKED, DRAWN]), "SB701"),
        (
            CLOCK + "random.shuffle(order := list(range(300)))\nx, y = x[order], y[order]" + TRAIN,
            CLOCK + TRAIN,
            "SB701",
        ),
    ],
    ids=["rows to look at", "a loop that plots what it changes", "the seed is drawn"],
)
def test_a_draw_counts_where_results_depend_on_it(wrong: str, right: str, code: str) -> None:
    assert code in said(HEAD + wrong)
    assert code not in said(HEAD + right)


def test_weights_that_are_set_by_hand_need_no_seed() -> None:
    table = "known = dict(torch.load('body.pt', weights_only=True))\n"
    by_hand = table + "net.body.weight = nn.Parameter(known['w'])\nnet.body.bias = nn.Parameter(known['b'])"
    assert "SB703" in said(FILLED.replace("FILL", table))
    assert "SB703" not in said(FILLED.replace("FILL", by_hand))


RUN = """import torch
from torch import nn
import torch.nn.functional as F
def one_run(number):
    BEFORE
    net = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 1))
    AFTER
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    a = torch.randn(256, 8)
    for i in range(50):
        optimizer.zero_grad()
        F.mse_loss(net(a), a.sum(1, keepdim=True)).backward()
        optimizer.step()
    return F.mse_loss(net(a), a.sum(1, keepdim=True)).item()
results = []
for number in (3, 4, 5):
    results.append(one_run(number))
print(results)
"""


def test_each_of_several_runs_seeds_before_it_draws_its_network() -> None:
    seed = "torch.manual_seed(number)"
    assert "SB703" in said(RUN.replace("BEFORE", "pass").replace("AFTER", seed))
    assert "SB703" not in said(RUN.replace("BEFORE", seed).replace("AFTER", "pass"))
    assert "SB703" not in said(RUN.replace("BEFORE", seed).replace("AFTER", "torch.manual_seed(99)"))
