"""The reader follows values through functions, methods, files, branches and loops."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seedbed.doctor.static.engine import check_paths, check_text
from seedbed.doctor.static.files import Problem
from seedbed.errors import ConfigError

LOOP = """
import torch
from torch import nn
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x, y = torch.randn(64, 4), torch.randint(0, 3, (64,))
"""


def codes(text: str) -> list[str]:
    return [f.code for f in check_text(text, strict=True)]


def test_zero_grad_in_a_helper_function_counts() -> None:
    body = """
def clear(o):
    o.zero_grad()
for step in range(10):
    clear(optimizer)
    nn.functional.cross_entropy(model(x), y).backward()
    optimizer.step()
"""
    assert codes(LOOP + body) == []


def test_a_step_in_a_method_without_zero_grad_is_found() -> None:
    body = """
class Trainer:
    def __init__(self, net, opt):
        self.net, self.opt = net, opt
    def update(self, a, b):
        nn.functional.cross_entropy(self.net(a), b).backward()
        self.opt.step()
t = Trainer(model, optimizer)
for step in range(10):
    t.update(x, y)
"""
    assert codes(LOOP + body) == ["SB101"]


def test_softmax_is_followed_through_a_layer_list_built_step_by_step() -> None:
    text = """
import torch
from torch import nn
def build(last):
    layers = []
    for _ in range(2):
        layers.append(nn.Linear(4, 4))
        layers.append(nn.ReLU())
    layers.append(nn.Linear(4, 3))
    if last:
        layers.append(nn.Softmax(dim=-1))
    return nn.Sequential(*layers)
model = build(last=True)
loss_fn = nn.CrossEntropyLoss()
loss = loss_fn(model(torch.randn(8, 4)), torch.randint(0, 3, (8,)))
loss.backward()
"""
    assert "SB201" in codes(text)
    assert "SB201" not in codes(text.replace("last=True", "last=False"))


def test_a_constant_flag_chooses_the_branch() -> None:
    body = """
def run(train):
    model.train(train)
    with torch.set_grad_enabled(train):
        for i in torch.randperm(64).split(8):
            loss = nn.functional.cross_entropy(model(x[i]), y[i])
            if train:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
for epoch in range(3):
    run(True)
    run(False)
"""
    assert codes(LOOP + body) == []


def test_a_model_in_another_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(
        "import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n"
        "        super().__init__()\n        self.fc = nn.Linear(4, 3)\n\n    def forward(self, x):\n"
        "        return torch.softmax(self.fc(x), dim=1)\n"
    )
    (tmp_path / "train.py").write_text(
        "import torch\nfrom net import Net\nmodel = Net()\noptimizer = torch.optim.SGD(model.parameters(), lr=0.1)\n"
        "for step in range(3):\n    optimizer.zero_grad()\n"
        "    torch.nn.functional.cross_entropy(model(torch.randn(8, 4)), torch.zeros(8).long()).backward()\n"
        "    optimizer.step()\n"
    )
    found = check_paths([tmp_path / "train.py"])
    assert [(f.code, Path(f.file).name, f.line) for f in found] == [("SB201", "net.py", 11)]


def test_cells_are_read_in_order_and_magics_are_skipped(tmp_path: Path) -> None:
    cells = [
        ["%matplotlib inline\n", "!pip install torch\n", "import torch\n", "from torch import nn"],
        ["model = nn.Linear(4, 1)\n", "optimizer = torch.optim.SGD(model.parameters(), lr=0.1)"],
        ["for step in range(3):\n", "    loss = model(torch.randn(8, 4)).pow(2).mean()\n", "    loss.backward()\n",
         "    optimizer.step()"],
    ]  # fmt: skip
    book = {"cells": [{"cell_type": "code", "source": c} for c in cells], "nbformat": 4}
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(book))
    found = check_paths([path])
    assert [(f.code, f.where) for f in found] == [("SB101", "cell 3 line 3")]


def test_an_allow_comment_on_the_line_silences_the_code() -> None:
    body = """
for step in range(10):
    nn.functional.cross_entropy(model(x), y).backward()  # seedbed: allow=SB101
    optimizer.step()
"""
    assert codes(LOOP + body) == []
    assert codes(LOOP + body.replace("SB101", "missing-zero-grad")) == []
    assert codes(LOOP + body.replace("SB101", "SB999")) == ["SB101"]


def test_a_syntax_error_is_one_sentence_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("import torch\ndef f(:\n")
    with pytest.raises(ConfigError, match=r"a\.py:2 is not valid Python"):
        check_paths([path])


def test_a_folder_goes_on_after_a_broken_file(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import torch\ndef f(:\n")
    (tmp_path / "b.py").write_text("import torch\nx = torch.ones(3)\nx.clamp(0, 1)\n")
    problems: list[Problem] = []
    assert [f.code for f in check_paths([tmp_path], problems)] == ["SB215"]
    assert len(problems) == 1


def test_recursion_and_odd_code_never_crash_the_reader() -> None:
    text = """
import torch
def f(n):
    return f(n - 1) + torch.ones(3)
f(10)
class A(A0 if False else object):
    def __getattr__(self, k):
        return getattr(self, k)
a = A()
a.b.c[1:2, ..., None](*a, **a).x = lambda *q, z=1, **k: (yield)
while True:
    try:
        x = torch.randn(3)[::2]
    except* ValueError:
        break
"""
    check_text(text.replace("except*", "except"))


def test_a_file_that_is_not_read_to_its_end_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "import torch\n" + "".join(f"x{i} = torch.randn({i} + 1)\n" for i in range(300))
    assert [f.code for f in check_text(text)] == []
    monkeypatch.setattr("seedbed.doctor.static.machine.BUDGET", 300)
    found = check_text(text)
    assert [(f.code, f.severity.name) for f in found] == [("SB927", "HINT")]
    assert "line" in found[0].title
