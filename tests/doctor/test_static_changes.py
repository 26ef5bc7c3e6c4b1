"""One correct program, and one change at a time that makes it silently wrong."""
# ruff: noqa: E501

from __future__ import annotations

import pytest

from seedbed.doctor.finding import Severity
from seedbed.doctor.static.engine import check_text

BASE = """import torch, copy, numpy as np
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, Dataset, random_split
torch.manual_seed(0)
X = torch.randn(1000, 10)
Y = (X[:, 0] > 0).long()
train_loader = DataLoader(TensorDataset(X[:800], Y[:800]), batch_size=32, shuffle=True)
val_loader = DataLoader(TensorDataset(X[800:], Y[800:]), batch_size=64)
class Net(nn.Module):
    def __init__(self, p=0.3):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(10, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(p))
        self.head = nn.Linear(64, 2)
    def forward(self, x):
        return self.head(self.body(x))
"""
LOOP = """
def train_epoch(model, loader, opt, crit):
    model.train()
    for xb, yb in loader:
        opt.zero_grad()
        loss = crit(model(xb), yb)
        loss.backward()
        opt.step()
@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    c = 0
    for xb, yb in loader:
        c += (model(xb).argmax(1) == yb).sum().item()
    return c / len(loader.dataset)
"""
MAIN = """
model = Net()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
crit = nn.CrossEntropyLoss()
for epoch in range(5):
    train_epoch(model, train_loader, opt, crit)
    print(evaluate(model, val_loader))
"""
ALL = BASE + LOOP + MAIN
T: list[tuple[str, str]] = []


def t(code: str, a: str, b: str, base: str = ALL) -> None:
    assert a in base, (code, a)
    T.append((code, base.replace(a, b, 1)))


t("SB101", "        opt.zero_grad()\n", "")
t("SB103", "        opt.step()", "        opt.step")
t("SB301", "    model.eval()\n", "")
t("SB302", "    model.train()\n", "")
t("SB303", "@torch.no_grad()\n", "")
t("SB309", "evaluate(model, val_loader)", "evaluate(model, train_loader)")
t("SB305", "len(loader.dataset)", "len(loader)")
t("SB314", "    return c /", "        return c /")
t("SB209", "argmax(1)", "argmax(0)")
t("SB201", "return self.head(self.body(x))", "return torch.softmax(self.head(self.body(x)), -1)")
t(
    "SB201",
    "crit = nn.CrossEntropyLoss()",
    "crit = nn.CrossEntropyLoss(); sm = nn.Softmax(1)\n_old = model.forward\nmodel = nn.Sequential(model, sm)",
)
t(
    "SB119",
    "def train_epoch(model, loader, opt, crit):\n",
    "def train_epoch(model, loader, opt, crit):\n    opt = torch.optim.Adam(model.parameters(), lr=1e-3)\n",
)
t("SB117", "crit = nn.CrossEntropyLoss()", "crit = nn.CrossEntropyLoss()\nmodel.head = nn.Linear(64, 2)")
t(
    "SB118",
    "opt = torch.optim.Adam(model.parameters(), lr=1e-3)",
    "opt = torch.optim.Adam(model.head.parameters(), lr=1e-3)",
)
t(
    "SB514",
    "opt = torch.optim.Adam(model.parameters(), lr=1e-3)",
    "for q in model.body.parameters():\n    q.requires_grads = False\nopt = torch.optim.Adam(model.parameters(), lr=1e-3)",
)
t(
    "SB125",
    "opt = torch.optim.Adam(model.parameters(), lr=1e-3)",
    "for q in model.parameters():\n    q.requires_grad_(False)\nopt = torch.optim.Adam(model.parameters(), lr=1e-3)",
)
t("SB121", "lr=1e-3)", "lr=0.5)")
t("SB403", "batch_size=64)", "batch_size=64, drop_last=True)")
t("SB401", "batch_size=32, shuffle=True)", "batch_size=32)")
t("SB401", "batch_size=32, shuffle=True)", "batch_size=32, shuffle=False)")
t("SB406", "X[800:], Y[800:]", "X[700:], Y[700:]")
t("SB406", "X[800:], Y[800:]", "X, Y")
t("SB414", "Y = (X[:, 0] > 0).long()", "Y = (X[:, 0] > 0).long()\nX = X[torch.randperm(1000)]")
t("SB404", "Y = (X[:, 0] > 0).long()", "Y = (X[:, 0] > 0).long()\nX = (X - X.mean(0)) / X.std(0)")
t("SB315", "        opt.step()\n", "        opt.step()\n        break\n")
t(
    "SB216",
    "        opt.step()\n",
    "        opt.step()\n        LOG.append(loss)\n",
    base=ALL.replace("def train_epoch", "LOG = []\ndef train_epoch"),
)
t(
    "SB216",
    "    for xb, yb in loader:\n        opt",
    "    tot = 0\n    for xb, yb in loader:\n        opt",
    base=ALL.replace("        opt.step()\n", "        opt.step()\n        tot += loss\n    return tot / len(loader)\n"),
)
t("SB128", "loss = crit(model(xb), yb)", "loss = crit(model(xb).detach(), yb).requires_grad_()")
t("SB105", "        loss.backward()\n", "        loss.backward()\n        opt.zero_grad()\n")
t("SB106", "        opt.step()\n", "        opt.step()\n        nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n")
t(
    "SB107",
    "        loss.backward()\n",
    "        nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n        loss.backward()\n",
)
t(
    "SB611",
    "for epoch in range(5):\n",
    "for epoch in range(5):\n    model = Net()\n    opt = torch.optim.Adam(model.parameters(), lr=1e-3)\n",
)
t(
    "SB601",
    "    print(evaluate(model, val_loader))",
    "    acc = evaluate(model, val_loader)\n    if acc > best:\n        best, state = acc, model.state_dict()\nmodel.load_state_dict(state)",
    base=ALL.replace("for epoch in", "best = 0\nfor epoch in"),
)
t(
    "SB310",
    "    print(evaluate(model, val_loader))",
    '    acc = evaluate(model, val_loader)\n    if acc < best:\n        best = acc\n        torch.save(model.state_dict(), "m.pt")',
    base=ALL.replace("for epoch in", "best = 1.0\nfor epoch in"),
)
t(
    "SB602",
    "    print(evaluate(model, val_loader))",
    "    acc = evaluate(model, val_loader)\n    if acc > best:\n        best = acc\n        best_model = model\nprint(evaluate(best_model, val_loader))",
    base=ALL.replace("for epoch in", "best = 0\nfor epoch in"),
)
t(
    "SB114",
    "    print(evaluate(model, val_loader))",
    "    acc = evaluate(model, val_loader)\n    sched.step(acc)",
    base=ALL.replace(
        "for epoch in", "sched = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, patience=2)\nfor epoch in"
    ),
)
t(
    "SB111",
    "        opt.step()\n",
    "        opt.step()\n        sched.step()\n",
    base=ALL.replace("for epoch in", "sched = torch.optim.lr_scheduler.StepLR(opt, 2, 0.5)\nfor epoch in"),
)
t("SB115", "for epoch in", "sched = torch.optim.lr_scheduler.StepLR(opt, 2, 0.5)\nfor epoch in")
t(
    "SB112",
    "    print(evaluate(model, val_loader))",
    "    print(evaluate(model, val_loader)); sched.step()",
    base=ALL.replace(
        "for epoch in",
        "sched = torch.optim.lr_scheduler.OneCycleLR(opt, 1e-2, total_steps=5 * len(train_loader))\nfor epoch in",
    ),
)
t("SB205", "nn.CrossEntropyLoss()", "nn.NLLLoss()")
t("SB702", "    for xb, yb in loader:\n        opt", "    torch.manual_seed(1)\n    for xb, yb in loader:\n        opt")
t(
    "SB509",
    "nn.Linear(10, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(p)",
    "nn.Linear(10, 64), nn.Linear(64, 64), nn.ReLU()",
)
t("SB511", "p=0.3", "p=0.95")
t("SB316", "return self.head(self.body(x))", "return self.head(F.dropout(self.body(x), 0.5))")
t(
    "SB501",
    "self.body = nn.Sequential(nn.Linear(10, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(p))",
    "self.layers = [nn.Linear(10, 64), nn.ReLU()]",
    base=ALL.replace(
        "self.head(self.body(x))",
        "self.head(self.run(x))\n    def run(self, x):\n        for l in self.layers:\n            x = l(x)\n        return x",
    ),
)
t("SB505", "return self.head(self.body(x))", "return nn.Linear(64, 2)(self.body(x))")
t("SB516", "nn.BatchNorm1d(64)", "nn.BatchNorm1d(64, momentum=0.95)")
t("SB517", "nn.ReLU(), nn.Dropout(p)", "nn.Softmax(dim=1), nn.Dropout(p)")
t("SB213", "return self.head(self.body(x))", "return F.relu(self.head(self.body(x)))")
t(
    "SB206",
    "nn.CrossEntropyLoss()",
    'lambda o, y: F.kl_div(F.softmax(o, 1), F.one_hot(y, 2).float(), reduction="batchmean")',
)
t("SB236", "loss = crit(model(xb), yb)", "loss = -crit(model(xb), yb)")
t("SB312", "c += (model(xb)", "opt.step(); c += (model(xb)")
t(
    "SB707",
    "        loss.backward()\n        opt.step()\n",
    "        try:\n            loss.backward()\n            opt.step()\n        except:\n            pass\n",
)
t("SB241", "loss = crit(model(xb), yb)", "loss = crit(model(xb), yb) / len(xb)")
t("SB150", "lr=1e-3)", "lr=0.3, weight_decay=1.0)")
t(
    "SB109",
    "        opt.zero_grad()\n        loss = crit(model(xb), yb)\n        loss.backward()\n        opt.step()",
    "        loss = crit(model(xb), yb)\n        loss.backward()\n        n += 1\n        if n % 4 == 0:\n            opt.step()\n            opt.zero_grad()",
    base=ALL.replace("    model.train()\n", "    model.train()\n    n = 0\n"),
)
t(
    "SB426",
    "    for xb, yb in loader:\n        opt",
    "    for _ in range(25):\n        xb, yb = next(iter(loader))\n        opt",
)
t("SB215", "        loss = crit(model(xb), yb)", "        F.normalize(xb, dim=1)\n        loss = crit(model(xb), yb)")
t(
    "SB606",
    "crit = nn.CrossEntropyLoss()",
    'crit = nn.CrossEntropyLoss()\nmodel.load_state_dict(torch.load("a.pt"), strict=False)',
)
t(
    "SB424",
    "        loss = crit(model(xb), yb)",
    "        xb = (xb - xb.mean(0)) / xb.std(0)\n        loss = crit(model(xb), yb)",
)
t(
    "SB409",
    "        loss = crit(model(xb), yb)",
    "        loss = crit(model((xb - MU) / SD), yb)",
    base=ALL.replace("class Net", "MU, SD = X[:800].mean(0), X[:800].std(0)\nclass Net"),
)
t("SB706", "model = Net()", "model = Net().half()")
t(
    "SB126",
    "opt = torch.optim.Adam(model.parameters(), lr=1e-3)",
    "ps = model.parameters()\nprint(sum(q.numel() for q in ps))\nopt = torch.optim.Adam(ps, lr=1e-3)",
)
t(
    "SB322",
    "    print(evaluate(model, val_loader))",
    "    torch.set_grad_enabled(False)\n    print(evaluate(model, val_loader))",
)
t(
    "SB307",
    "(model(xb).argmax(1) == yb)",
    "((model(xb) > 0.5).long().squeeze(1) == yb)",
    base=ALL.replace("self.head = nn.Linear(64, 2)", "self.head = nn.Linear(64, 1)").replace(
        "crit = nn.CrossEntropyLoss()",
        "crit = lambda o, y: F.binary_cross_entropy_with_logits(o.squeeze(1), y.float())",
    ),
)
t(
    "SB317",
    "(model(xb).argmax(1) == yb)",
    "((model(xb) > 0).long() == yb)",
    base=ALL.replace("self.head = nn.Linear(64, 2)", "self.head = nn.Linear(64, 1)").replace(
        "crit = nn.CrossEntropyLoss()",
        "crit = lambda o, y: F.binary_cross_entropy_with_logits(o.squeeze(1), y.float())",
    ),
)
t(
    "SB210",
    "crit = nn.CrossEntropyLoss()",
    "crit = lambda o, y: ((o - y.float()) ** 2).mean()",
    base=ALL.replace("self.head = nn.Linear(64, 2)", "self.head = nn.Linear(64, 1)"),
)
t(
    "SB203",
    "crit = nn.CrossEntropyLoss()",
    "crit = nn.BCEWithLogitsLoss()",
    base=ALL.replace("self.head = nn.Linear(64, 2)", "self.head = nn.Linear(64, 1)").replace(
        "return self.head(self.body(x))", "return self.head(self.body(x)).sigmoid().squeeze(1)"
    ),
)
t(
    "SB204",
    "crit = nn.CrossEntropyLoss()",
    "crit = nn.BCELoss()",
    base=ALL.replace("self.head = nn.Linear(64, 2)", "self.head = nn.Linear(64, 1)").replace(
        "return self.head(self.body(x))", "return self.head(self.body(x)).squeeze(1)"
    ),
)


def test_the_correct_program_is_quiet() -> None:
    assert [f for f in check_text(ALL, strict=True) if f.severity >= Severity.WARNING] == []


@pytest.mark.parametrize(("code", "text"), T, ids=[f"{c}-{i}" for i, (c, _) in enumerate(T)])
def test_one_change_is_found_by_its_own_check(code: str, text: str) -> None:
    assert code in {f.code for f in check_text(text, strict=True) if f.severity >= Severity.WARNING}


def test_a_graph_that_is_kept_for_nothing_is_a_hint() -> None:
    found = check_text(ALL.replace("loss.backward()", "loss.backward(retain_graph=True)"), strict=True)
    assert [(f.code, f.severity) for f in found if f.code == "SB132"] == [("SB132", Severity.HINT)]
