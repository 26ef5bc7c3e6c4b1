"""What reading public scripts taught: cells that go on with ``%``, and correct programs near the new questions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seedbed.doctor.finding import Severity
from seedbed.doctor.static.engine import check_paths, check_text

HEAD = """import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
torch.manual_seed(0)
x_all, y_all = torch.randn(640, 20), torch.randint(0, 2, (640,))
train_loader = DataLoader(TensorDataset(x_all[:512], y_all[:512]), batch_size=32, shuffle=True)
val_loader = DataLoader(TensorDataset(x_all[512:], y_all[512:]), batch_size=128)
net = nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 2))
"""
LOOP = """for epoch in range(5):
    net.train()
    for step, (a, b) in enumerate(train_loader):
        opt.zero_grad()
        F.cross_entropy(net(a), b).backward()
        opt.step()
"""
OPT = "opt = torch.optim.Adam(net.parameters(), lr=1e-3)\n"
CORRECT = {
    "an eps of a usual size": "net.append(nn.BatchNorm1d(2, 1e-3))\n" + OPT + LOOP,
    "momentum after eps": "net.append(nn.BatchNorm1d(2, 1e-5, 0.05))\n" + OPT + LOOP,
    "a rate equal to the default": "lr = 1e-3\nopt = torch.optim.Adam(net.parameters())\n" + LOOP,
    "a rate for the schedule": "lr = 0.1\nopt = torch.optim.SGD(net.parameters())\n"
    "plan = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=lr, total_steps=80)\n" + LOOP + "        plan.step()\n",
    "settings that are handed over whole": "def make(net, lr=0.1, **more):\n    settings = locals()\n"
    "    return build(settings)\nopt = torch.optim.Adam(net.parameters())\n" + LOOP,
    "a class of settings": "class Settings:\n    lr = 0.05\nopt = torch.optim.Adam(net.parameters())\n"
    "opt.param_groups[0].update(lr=Settings.lr)\n" + LOOP,
    "an index counted from one": OPT
    + LOOP
    + """    net.eval()
    total = 0.0
    with torch.no_grad():
        for i, (a, b) in enumerate(val_loader, 1):
            total += F.cross_entropy(net(a), b).item()
    print(total / i)
""",
    "an index that is raised by hand": OPT
    + LOOP
    + """    net.eval()
    total = 0.0
    with torch.no_grad():
        for i, (a, b) in enumerate(val_loader):
            total += F.cross_entropy(net(a), b).item()
    i += 1
    print(total / i)
""",
    "a function that is called with other numbers too": OPT
    + """def rate(epoch):
    if epoch >= 100:
        for g in opt.param_groups:
            g["lr"] = 1e-4
"""
    + LOOP
    + "    rate(epoch)\n    rate(epoch * 40)\n",
    "a gate with a leaky layer inside": """class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.out = nn.Linear(20, 8), nn.Linear(20, 8), nn.Linear(8, 2)
    def forward(self, x):
        return self.out(self.a(x) * torch.sigmoid(F.leaky_relu(self.b(x))))
net = Gated()
"""
    + OPT
    + LOOP,
    "a decoder that reads the next window": """words = torch.randint(0, 50, (8, 400))
table, read, say = nn.Embedding(50, 16), nn.GRU(16, 16, batch_first=True), nn.GRU(16, 16, batch_first=True)
head = nn.Linear(16, 50)
opt = torch.optim.Adam([*table.parameters(), *read.parameters(), *say.parameters(), *head.parameters()], lr=1e-3)
n = 20
for i in range(0, 340, n):
    before, after = words[:, i:i + n], words[:, i + n:i + 2 * n]
    _, h = read(table(before))
    shifted = torch.cat([before[:, -1:], after[:, :-1]], 1)
    out, _ = say(table(shifted), h)
    loss = F.cross_entropy(head(out).reshape(-1, 50), after.reshape(-1))
    opt.zero_grad()
    loss.backward()
    opt.step()
""",
    "bytes on both sides": """from torchvision.datasets import MNIST
from torchvision.transforms import ToTensor
tr, te = MNIST("d", True, ToTensor()), MNIST("d", False, ToTensor())
x, y = tr.data.flatten(1).float(), tr.targets
net = nn.Linear(784, 10)
opt = torch.optim.Adam(net.parameters(), lr=1e-4)
for epoch in range(5):
    for i in torch.randperm(len(x)).split(64):
        opt.zero_grad()
        F.cross_entropy(net(x[i]), y[i]).backward()
        opt.step()
net.eval()
with torch.no_grad():
    print((net(te.data.flatten(1).float()).argmax(1) == te.targets).float().mean())
""",
    "one text has no padding": """from transformers import BertModel, BertTokenizer
tok = BertTokenizer.from_pretrained("bert-base-uncased")
body, head = BertModel.from_pretrained("bert-base-uncased"), nn.Linear(768, 2)
opt = torch.optim.AdamW([*body.parameters(), *head.parameters()], lr=2e-5)
for text, label in [("good", 1), ("not good", 0)]:
    ids = tok(text, padding=True, return_tensors="pt")["input_ids"]
    opt.zero_grad()
    F.cross_entropy(head(body(ids).pooler_output), torch.tensor([label])).backward()
    opt.step()
""",
    "everything that the tokenizer gives": """from transformers import BertModel, BertTokenizer
tok = BertTokenizer.from_pretrained("bert-base-uncased")
body, head = BertModel.from_pretrained("bert-base-uncased"), nn.Linear(768, 2)
opt = torch.optim.AdamW([*body.parameters(), *head.parameters()], lr=2e-5)
both = tok(["good", "not good"], padding=True, return_tensors="pt")
for step in range(20):
    opt.zero_grad()
    F.cross_entropy(head(body(**both).pooler_output), torch.tensor([1, 0])).backward()
    opt.step()
""",
}
ASKED = {"SB213", "SB214", "SB224", "SB226", "SB303", "SB305", "SB308", "SB409", "SB516", "SB609", "SB629", "SB894"}


@pytest.mark.parametrize("title", CORRECT)
def test_a_correct_program_near_the_question_gets_no_finding(title: str) -> None:
    found = check_text(HEAD + CORRECT[title], strict=True)
    assert not {f.code for f in found if f.severity >= Severity.WARNING} & ASKED


def test_a_line_that_goes_on_with_a_percent_sign_is_no_magic(tmp_path: Path) -> None:
    cell = "print('Epoch: %03d | Loss: %.4f'\n      %(1, 0.5))\nnorm = nn.BatchNorm1d(16, momentum=0.99)\n"
    cells = ["import torch\nfrom torch import nn\n%matplotlib inline\n!pip list\n", cell]
    book = tmp_path / "book.ipynb"
    book.write_text(
        json.dumps(
            {
                "cells": [{"cell_type": "code", "source": c, "metadata": {}, "outputs": []} for c in cells],
                "metadata": {},
                "nbformat": 4,
                "nbformat_minor": 5,
            }
        )
    )
    assert [f.code for f in check_paths([book]) if f.severity >= Severity.WARNING] == ["SB516"]
