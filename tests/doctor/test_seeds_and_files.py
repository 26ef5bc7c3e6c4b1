"""Seeds that are enough, seeds that are not, and names that another file of the program reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedbed.doctor.finding import Severity
from seedbed.doctor.static.engine import check_paths, check_text

TRAIN = """
model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(5):
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
"""
IMPORTS = """import random
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, TensorDataset
"""
NOISY = """
class Noisy(Dataset):
    def __init__(self):
        self.x, self.y = torch.zeros(90, 4), torch.zeros(90, dtype=torch.long)
    def __len__(self):
        return 90
    def __getitem__(self, i):
        return self.x[i] + torch.tensor(np.random.normal(0, 0.1, 4), dtype=torch.float), self.y[i]
torch.manual_seed(0)
loader = DataLoader(Noisy(), batch_size=30, shuffle=True, num_workers=WORKERS)
"""
SPLIT = """
def parted(rows):
    random.seed(0)
    kept = random.sample(rows, k=len(rows) // 5)
    return [r for r in rows if r not in kept], kept
x, y = torch.load("x.pt"), torch.load("y.pt")
train, rest = parted(list(range(len(x))))
loader = DataLoader(TensorDataset(x[train], y[train]), batch_size=30, shuffle=True)
"""
WHOLE_RUN = """
random.seed(0)
x, y = torch.load("x.pt"), torch.load("y.pt")
train = random.sample(range(len(x)), k=len(x) // 5)
loader = DataLoader(TensorDataset(x[train], y[train]), batch_size=30, shuffle=True)
"""
ZEROS = """
np.random.seed(1)
order = np.random.permutation(100)
x, y = torch.load("x.pt")[order], torch.load("y.pt")[order]
model = nn.Linear(2, 1)
FILL
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(9):
    optimizer.zero_grad()
    F.mse_loss(model(x), y).backward()
    optimizer.step()
"""
SHOWN = """
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 4))
LOAD
model.eval()
torch.manual_seed(3)
with torch.no_grad():
    print(model(torch.randn(5, 4)))
"""


def said(text: str) -> set[str]:
    """The codes of what is found at warning or above."""
    return {f.code for f in check_text(IMPORTS + text, strict=True) if f.severity >= Severity.WARNING}


@pytest.mark.parametrize(
    ("wrong", "right", "code"),
    [
        (NOISY.replace("WORKERS", "0") + TRAIN, NOISY.replace("WORKERS", "4") + TRAIN, "SB701"),
        (WHOLE_RUN + TRAIN, SPLIT + TRAIN, "SB701"),
        (
            ZEROS.replace("FILL", "model.weight.detach().zero_()"),
            ZEROS.replace("FILL", "model.weight.detach().zero_()\nmodel.bias.detach().zero_()"),
            "SB701",
        ),
        (
            SHOWN.replace("LOAD", "torch.save(model.state_dict(), 'first.pt')"),
            SHOWN.replace("LOAD", "model.load_state_dict(torch.load('last.pt'))"),
            "SB703",
        ),
    ],
    ids=["drawn in workers", "the seed of one split", "weights of zero", "loaded weights"],
)
def test_a_seed_is_missed_where_something_is_drawn_without_it_and_only_there(wrong: str, right: str, code: str) -> None:
    assert code in said(wrong)
    assert code not in said(right)


STEPS = """import torch
import torch.nn.functional as F


class Patience:
    def __init__(self, patience=3):
        self.patience, self.bad, self.best, self.early_stop = patience, 0, float("inf"), False

    def __call__(self, score):
        if score < self.best:
            self.best, self.bad = score, 0
        else:
            self.bad += 1
            if self.bad >= self.patience:
                self.early_stop = True


def fit(model, optimizer, loader, valid, first):
    stopper = Patience()
    for epoch in range(first, 50):
        model.train()
        for place, (x, y) in enumerate(loader):
            loss = F.cross_entropy(model(x), y)
            size = model.weight.norm()
            done = place + epoch * len(loader)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            LOGGED
        model.eval()
        with torch.no_grad():
            score = sum(F.cross_entropy(model(x), y).item() for x, y in valid)
        stopper(score)
        STOPPED
"""
ENTRY = """import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from steps import fit

torch.manual_seed(0)
x, y = torch.randn(640, 20), torch.randint(0, 2, (640,))
loader = DataLoader(TensorDataset(x[:512], y[:512]), batch_size=32, shuffle=True)
valid = DataLoader(TensorDataset(x[512:], y[512:]), batch_size=64)
model = nn.Linear(20, 2)
optimizer = torch.optim.Adam(model.parameters())
kept = torch.load("last.pt")
model.load_state_dict(kept["model"])
optimizer.load_state_dict(kept["optimizer"])
fit(model, optimizer, loader, valid, kept["epoch"] + 1)
"""


@pytest.mark.parametrize("reads", [True, False])
def test_what_an_imported_file_reads_itself_is_not_called_unread(tmp_path: Path, reads: bool) -> None:
    logged = "print(done, size.item())" if reads else "pass"
    stopped = "if stopper.early_stop: break" if reads else "pass"
    (tmp_path / "main.py").write_text(ENTRY)
    (tmp_path / "steps.py").write_text(STEPS.replace("LOGGED", logged).replace("STOPPED", stopped))
    codes = {f.code for f in check_paths([tmp_path]) if f.severity >= Severity.WARNING}
    assert codes & {"SB625", "SB618", "SB886"} == (set() if reads else {"SB625", "SB886"})


def test_what_is_found_does_not_depend_on_what_was_read_before() -> None:
    text = """
model = nn.Linear(4, 2)
torch.save(model.state_dict(), "last.pt")
model = nn.Linear(4, 2)
model.load_state_dict(torch.load("last.pt"))
model.eval()
"""
    first = said(text)
    for _ in range(3):
        said(WHOLE_RUN + TRAIN)
    assert said(text) == first
    assert "SB608" not in first
