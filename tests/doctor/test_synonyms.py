"""An expression is said in the common way only where that surely means the same."""

from __future__ import annotations

import ast

import pytest

from seedbed.doctor.finding import Severity
from seedbed.doctor.static.engine import check_text
from seedbed.doctor.static.synonyms import say

SAID = [
    ("torch.addcmul(m, s, e)", "m + s * e"),
    ("torch.addcmul(m, s, e, value=0.5)", "m + 0.5 * s * e"),
    ("m.addcmul(s, e)", "m + s * e"),
    ("torch.addcdiv(m, s, e)", "m + s / e"),
    ("OrderedDict((k, v.detach()) for k, v in d.items())", "{k: v.detach() for k, v in d.items()}"),
    ("dict([(k, 0) for k in names])", "{k: 0 for k in names}"),
    ("list(map(lambda b: b.to(device), batch))", "list((b.to(device) for b in batch))"),
    ("torch.autograd.backward(loss)", "loss.backward()"),
    ("torch.neg(x)", "-x"),
    ("r = pred.eq(y)", "r = pred == y"),
    ("r = torch.ge(p, 0.5)", "r = p >= 0.5"),
    ("r = torch.mul(a, b)", "r = a * b"),
    ("r = torch.add(a, b)", "r = a + b"),
    ("r = a.sub(b)", "r = a - b"),
    ("p.mul(a.sub(b))", "p.mul(a - b)"),
    ("total = total + loss.item() * len(y)", "total += loss.item() * len(y)"),
    ("self.hits = self.hits + (p == y).sum().item()", "self.hits += (p == y).sum().item()"),
    ("with torch.set_grad_enabled(False):\n    f()", "with torch.no_grad():\n    f()"),
]
LEFT = [
    "m.addcmul_(s, e)",
    "dict(a=1)",
    "dict(pairs)",
    "dict((k for k in pairs))",
    "OrderedDict(((*p, 1) for p in d))",
    "map(lambda a, b: a + b, x, y)",
    "map(lambda a=1: a, x)",
    "torch.autograd.backward([a, b])",
    "torch.autograd.backward(loss, retain_graph=True)",
    "def dict(x):\n    return x\ndict((k, v) for k, v in d)",
    "super().neg(x)",
    "seen.add(x)",
    "p.mul(0.9)",
    "torch.sub(a, b)",
    "a.add(b, alpha=2)",
    "torch.eq(a, b, out=c)",
    "re.sub(a, b, c)",
    "np.subtract(a, b)",
    "total = total + loss",
    "total = loss.item() + total",
    "a = b + loss.item()",
    "torch.set_grad_enabled(False)",
    "with torch.set_grad_enabled(train):\n    f()",
]
KEPT = """
import torch
from collections import OrderedDict
from torch import nn
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
best, kept = float("inf"), None
x, y, xv, yv = torch.randn(64, 4), torch.randn(64, 1), torch.randn(32, 4), torch.randn(32, 1)
for epoch in range(20):
    model.train()
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x), y).backward()
    optimizer.step()
    model.eval()
    with torch.no_grad():
        score = nn.functional.mse_loss(model(xv), yv).item()
    if score < best:
        best, kept = score, OrderedDict((k, v{copied}) for k, v in model.state_dict().items())
model.load_state_dict(kept)
"""


@pytest.mark.parametrize(("code", "wanted"), SAID)
def test_an_expression_is_said_in_the_common_way(code: str, wanted: str) -> None:
    assert ast.unparse(say(ast.parse(code), code)) == wanted


@pytest.mark.parametrize("code", LEFT)
def test_what_may_mean_something_else_is_left(code: str) -> None:
    before = ast.unparse(ast.parse(code))
    after = ast.unparse(say(ast.parse(code), code))
    assert after == before


@pytest.mark.parametrize(("copied", "found"), [(".detach()", True), (".detach().clone()", False)])
def test_a_snapshot_in_an_ordered_dictionary_is_a_snapshot(copied: str, found: bool) -> None:
    codes = {f.code for f in check_text(KEPT.format(copied=copied)) if f.severity >= Severity.WARNING}
    assert bool(codes) is found
