"""Calls are said plainly only where that surely means the same."""

from __future__ import annotations

import ast

import pytest

from seedbed.doctor.static.plainly import plainly

SAID = [
    ("f = x.append\nf(1)", "x.append(1)"),
    ("import torch\ngetattr(torch, 'relu')(x)", "torch.relu(x)"),
    ("import torch\nT = {'a': torch.relu}\ndef f(x):\n    return T['a'](x)", "return torch.relu(x)"),
    ("o = {'p': 0.5}\nf(x, **o)", "f(x, p=0.5)"),
    ("o = dict(p=0.5, training=flag)\nf(x, **o)", "f(x, p=0.5, training=flag)"),
    ("K = dict(p=0.5)\ndef g(x):\n    return f(x, **K)", "return f(x, p=0.5)"),
    ("for q in d.items():\n    k = q[0]\n    v = q[1]\n    print(k, v)", "for k, v in d.items():"),
    ("for i, q in enumerate(zip(a, b)):\n    k = q[0]\n    v = q[1]\n    print(k)", "for i, (k, v) in enumerate("),
    ("for x in xs:\n    f = x.add\n    f(1)", "x.add(1)"),
    ("for i in r:\n    if i % 4 != 3:\n        continue\n    opt.step()", "if i % 4 == 3:\n        opt.step()"),
    ("for i in r:\n    if (i + 1) % 4:\n        continue\n    step()", "if (i + 1) % 4 == 0:\n        step()"),
    ("if (v := f()) > best:\n    best = v", "v = f()\nif v > best:"),
    ("new = v > self.best\nprint(new)\nif new:\n    self.best = v", "print(new)\nif v > self.best:"),
    ("F.mse_loss(target=y, input=x)", "F.mse_loss(x, y)"),
    ("optim.SGD(lr=0.1, params=net.parameters())", "optim.SGD(net.parameters(), lr=0.1)"),
    ("x = 3\nf = x.add\nx = f(1)", "x = x.add(1)"),
]
LEFT = [
    "new = v > best\nbest = max(v, best)\nif new:\n    save()",
    "new = v > best\nnew = True\nif new:\n    save()",
    "new = score() > best\nif new:\n    save()",
    "f = x.append\nx = []\nf(1)",
    "f = self.opt.step\nself.opt = other()\nf()",
    "f = x.append\nfor x in rows:\n    f(1)",
    "f = x.append\n[f(x) for x in rows]",
    "f = x.append\ndef g(x):\n    f(1)",
    "if fast:\n    f = x.append\nf(1)",
    "o = {'p': 0.5}\no['p'] = 0.1\nf(x, **o)",
    "o = {'p': 0.5}\no.update(more)\nf(x, **o)",
    "o = {'p': rate()}\nf(x, **o)",
    "o = {'p': rate}\nrate = 3\nf(x, **o)",
    "getattr(x, 'y', None)",
    "getattr(x, name)()",
    "import torch\nT = {'a': torch.relu}\nT['a'] = other\nT['a'](x)",
    "for b in loader:\n    x = b[0]\n    y = b[1]\n    print(x)",
    "for i, b in enumerate(loader):\n    x = b[0]\n    y = b[1]\n    print(x)",
    "for q in d.items():\n    k = q[0]\n    v = q[1]\n    print(q)",
    "for b in r:\n    if not finite(b):\n        continue\n    b.backward()",
    "for b in r:\n    if b:\n        count += 1\n        continue\n    f(b)",
    "for b in r:\n    if b:\n        continue\n    else:\n        g()\n    f(b)",
    "def cross_entropy(target, input):\n    return 0\ncross_entropy(target=y, input=x)",
    "while (v := f()) > best:\n    g(v)",
    "F.mse_loss(x, target=y)",
    "class A:\n    act = nn.ReLU\n    def f(self):\n        return act()",
]


@pytest.mark.parametrize(("code", "wanted"), SAID)
def test_a_call_is_said_plainly(code: str, wanted: str) -> None:
    assert wanted in ast.unparse(plainly(ast.parse(code), code))


@pytest.mark.parametrize("code", LEFT)
def test_what_could_mean_something_else_is_left_alone(code: str) -> None:
    assert ast.dump(plainly(ast.parse(code), code)) == ast.dump(ast.parse(code))
