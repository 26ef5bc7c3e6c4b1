"""Seeds of a notebook that are set several times, and the line that an evaluation without no_grad() is told at."""

from __future__ import annotations

from seedbed.doctor.static.engine import check_text

HEAD = """import torch
from torch import nn
import torch.nn.functional as F
x, y = torch.load("x.pt"), torch.load("y.pt")
"""
LEARN = """opt = torch.optim.Adam(net.parameters())
for step in range(100):
    opt.zero_grad()
    F.cross_entropy(net(x), y).backward()
    opt.step()
"""
LOOK = """net = nn.Linear(20, 2)
print(net(x).shape)
torch.manual_seed(3)
print(torch.rand(4).sum())
"""


def codes(text: str) -> set[str]:
    """What is found in a program."""
    return {f.code for f in check_text(HEAD + text, strict=True)}


def test_a_model_that_is_only_looked_at_before_the_last_seed_is_quiet() -> None:
    again = "torch.manual_seed(3)\nnet = nn.Linear(20, 2)\n"
    assert "SB703" not in codes(LOOK + again + LEARN)
    assert "SB703" in codes(LOOK + LEARN)
    assert "SB703" in codes(LOOK + "torch.manual_seed(3)\n" + LEARN)


def test_a_shared_epoch_is_told_where_the_evaluation_calls_it() -> None:
    text = """from torch.utils.data import DataLoader, TensorDataset
train_rows = DataLoader(TensorDataset(x, y), batch_size=8, shuffle=True)
val_rows = DataLoader(TensorDataset(x, y), batch_size=8)
class Coach:
    def __init__(self, net):
        self.net, self.opt = net, torch.optim.Adam(net.parameters())
    def once(self, rows, learn):
        total = 0.0
        for a, b in rows:
            loss = F.cross_entropy(self.net(a), b)
            if learn:
                self.opt.zero_grad()
                loss.backward()
                self.opt.step()
            total += loss.item()
        return total / len(rows)
    def run(self):
        for epoch in range(10):
            self.net.train()
            print(self.once(train_rows, True))
            self.net.eval()
            print(self.once(val_rows, False))
Coach(nn.Linear(20, 2)).run()
"""
    lines = (HEAD + text).splitlines()
    found = [f for f in check_text(HEAD + text, strict=True) if f.code == "SB303"]
    assert [lines[f.line - 1].strip() for f in found] == ["print(self.once(val_rows, False))"]
