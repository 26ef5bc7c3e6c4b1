"""Seeds and files of programs that show several things one after the other, or get their seeds from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedbed.doctor.finding import Severity
from seedbed.doctor.static.engine import check_paths, check_text

HEAD = """import random
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F
"""
TRAIN = """opt = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(50):
    opt.zero_grad()
    F.cross_entropy(net(torch.randn(32, 20)), torch.randint(0, 2, (32,))).backward()
    opt.step()
"""
SHUFFLED = "rows = list(range(90))\nrandom.shuffle(rows)\nnet = nn.Linear(20, 2)\n"
# the check, what it is about, the program with the mistake, the correct one
PAIRS = [
    (
        "SB701",
        "a function from elsewhere that seeds everything",
        "torch.manual_seed(0)\n" + SHUFFLED + TRAIN,
        "from lab.start import set_random_seed\nset_random_seed(0)\n" + SHUFFLED + TRAIN,
    ),
    (
        "SB701",
        "a seed for one draw that is taken back",
        "random.seed(0)\n" + SHUFFLED + TRAIN,
        "def parted(names):\n    random.seed(0)\n    held = random.sample(names, 2)\n    random.seed(None)\n"
        "    return held\nheld = parted(['a', 'b', 'c'])\nnet = nn.Linear(20, 2)\n" + TRAIN,
    ),
    (
        "SB701",
        "numbers that are drawn to be printed",
        "np.random.seed(0)\nrows = np.random.randn(90, 20)\nnet = nn.Linear(20, 2)\n" + TRAIN,
        "np.random.seed(0)\nrows = np.random.randn(90, 20)\nnet = nn.Linear(20, 2)\n"
        "loss = net(torch.from_numpy(rows).float()).mean()\nloss.backward()\nprint(net.weight.grad)\n",
    ),
    (
        "SB703",
        "a layer of an example that comes before",
        "net = nn.Linear(20, 2)\ntorch.manual_seed(0)\n" + TRAIN,
        "first = nn.Linear(4, 2)\nprint(first(torch.ones(1, 4)))\ntorch.manual_seed(0)\nnet = nn.Linear(20, 2)\n"
        + TRAIN,
    ),
    (
        "SB609",
        "a model that goes on, and one that is only measured",
        "net = nn.Linear(20, 2)\nkept = torch.load('a.pt')\nnet.load_state_dict(kept['net'])\n"
        + TRAIN.replace("SGD", "Adam")
        + "    torch.save({'net': net.state_dict(), 'optim': opt.state_dict()}, 'a.pt')\n",
        "def run():\n    net = nn.Linear(20, 2)\n"
        + "".join(f"    {line}\n" for line in TRAIN.replace("SGD", "Adam").splitlines())
        + "        torch.save({'net': net.state_dict(), 'optim': opt.state_dict()}, 'a.pt')\n"
        "def measure():\n    net = nn.Linear(20, 2)\n    kept = torch.load('a.pt')\n"
        "    net.load_state_dict(kept['net'])\n    net.eval()\n    with torch.no_grad():\n"
        "        print(net(torch.randn(32, 20)).argmax(1))\nfor task in range(2):\n    run()\n    measure()\n",
    ),
]


def told(text: str) -> set[str]:
    """The codes of what is found at warning or above."""
    return {f.code for f in check_text(HEAD + text, strict=True) if f.severity >= Severity.WARNING}


@pytest.mark.parametrize(("code", "title", "wrong", "right"), PAIRS, ids=[t for _, t, _, _ in PAIRS])
def test_a_mistake_is_told_and_its_correct_neighbour_is_not(code: str, title: str, wrong: str, right: str) -> None:
    assert code in told(wrong)
    assert code not in told(right), title


def test_a_draw_in_another_file_is_told_with_the_name_of_that_file(tmp_path: Path) -> None:
    (tmp_path / "cards.py").write_text("import random\ndef mixed(rows):\n    random.shuffle(rows)\n    return rows\n")
    body = "from cards import mixed\ntorch.manual_seed(0)\nrows = mixed(list(range(9)))\nnet = nn.Linear(20, 2)\n"
    (tmp_path / "main.py").write_text(HEAD + body + TRAIN)
    found = [f for f in check_paths([tmp_path]) if f.code == "SB701"]
    assert len(found) == 1
    assert "line 3 of cards.py" in found[0].why


def test_a_data_set_that_is_thrown_away_is_not_measured_on(tmp_path: Path) -> None:
    text = """from torchvision import transforms
from torchvision.datasets import ImageFolder
from torch.utils.data import DataLoader
class Parts:
    def __init__(self, tf):
        self.tf = tf
    def both(self):
        train_rows = ImageFolder("a", transform=self.tf)
        test_rows = ImageFolder("b", transform=self.tf)
        return train_rows, test_rows
mixed = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.ToTensor()])
train_rows, _ = Parts(mixed).both()
_, val_rows = Parts(TF).both()
net = nn.Sequential(nn.Flatten(), nn.Linear(3072, 2))
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for epoch in range(3):
    net.train()
    for a, b in DataLoader(train_rows, batch_size=32, shuffle=True):
        opt.zero_grad()
        F.cross_entropy(net(a), b).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        print(sum((net(a).argmax(1) == b).sum().item() for a, b in DataLoader(val_rows, batch_size=32)))
"""
    assert "SB407" in told(text.replace("TF", "mixed"))
    assert "SB407" not in told(text.replace("TF", "transforms.ToTensor()"))


def test_one_data_set_behind_two_parts_is_told_once() -> None:
    text = """from torch.utils.data import random_split
from torchvision.datasets import ImageFolder
rows = ImageFolder("a")
train_rows, val_rows = random_split(rows, [90, 10])
train_rows.dataset.transform = make_one()
val_rows.dataset.transform = make_other()
"""
    found = [f for f in check_text(HEAD + text) if f.code == "SB447"]
    assert [f.line for f in found] == [HEAD.count("\n") + 6]


def test_the_weak_half_of_a_last_step_is_named_as_such() -> None:
    text = """class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(8, 16, batch_first=True, bidirectional=True)
        self.out = nn.Linear(32, 2)
    def forward(self, x):
        return self.out(self.rnn(x)[0][:, -1])
print(Reader()(torch.randn(2, 5, 8)))
"""
    found = [f for f in check_text(HEAD + text) if f.code == "SB228"]
    assert len(found) == 1
    assert "half of the features" in found[0].why
    assert "torch.cat" in found[0].fix
