"""Leaks between windows of one series, penalties outside the graph, optimizers of a second phase."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Codes = Callable[[str], set[str]]
SERIES = """
series = torch.randn(400).cumsum(0)
x = series.unfold(0, 12, 1)[:-1]; y = series[12:]
order = {order}
train, held = order[:300], order[{start}:]
model = nn.Linear(12, 1)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(3):
    model.train()
    for ids in train[torch.randperm(300)].split(50):
        optimizer.zero_grad()
        F.mse_loss(model(x[ids]).squeeze(1), y[ids]).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        print(F.mse_loss(model(x[held]).squeeze(1), y[held]))
"""
PENALTY = """
x = torch.randn(64, 4); y = torch.randn(64, 1)
model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
for _ in range(6):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), y) + 1e-3 * model.weight{taken}.abs().sum()
    loss.backward()
    optimizer.step()
"""
PHASES = """
x = torch.randn(64, 4); y = torch.randint(0, 2, (64,))
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
def fit(optimizer):
    for _ in range(33):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
fit(torch.optim.Adam(model.parameters(), lr=1e-3))
{lines}
fit(optimizer)
"""
BUILD = "optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)"
REPLACE = "model[2] = nn.Linear(8, 2)"


@pytest.mark.parametrize(
    ("order", "start", "codes"), [("torch.randperm(388)", 300, {"SB415"}), ("torch.arange(388)", 312, set())]
)
def test_windows_of_a_series_that_were_split_at_random_overlap(
    codes_of: Codes, order: str, start: int, codes: set[str]
) -> None:
    assert codes_of(SERIES.format(order=order, start=start)) == codes


@pytest.mark.parametrize(("taken", "codes"), [(".data", {"SB268"}), (".detach()", {"SB268"}), ("", set())])
def test_a_penalty_on_weights_outside_the_graph_has_no_gradient(codes_of: Codes, taken: str, codes: set[str]) -> None:
    assert codes_of(PENALTY.format(taken=taken)) == codes


@pytest.mark.parametrize(("lines", "codes"), [(f"{BUILD}\n{REPLACE}", {"SB117"}), (f"{REPLACE}\n{BUILD}", set())])
def test_the_optimizer_of_a_later_phase_is_looked_at_like_the_first(
    codes_of: Codes, lines: str, codes: set[str]
) -> None:
    assert codes_of(PHASES.format(lines=lines)) == codes


GATHERED = """
x, y = torch.randn(192, 5), torch.randn(192, 1)
net = nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.01)
for turn in range(3):
    for k, ids in enumerate(torch.randperm(192).split(16), 1):
        F.mse_loss(net(x[ids]), y[ids]{how}).backward()
        if k % 3 == 0:
            {before}
            nn.utils.clip_grad_norm_(net.parameters(), {limit})
            {after}
            opt.step()
            opt.zero_grad()
"""


@pytest.mark.parametrize(
    ("how", "before", "limit", "after", "wrong"),
    [
        ("", "pass", 1e9, "pass", True),
        ("", "pass", 0.01, "pass", True),  # clipping makes them smaller too
        ("", "[q.grad.clamp_(-0.02, 0.02) for q in net.parameters()]", 1e9, "pass", True),
        ("", "[q.grad.div_(3) for q in net.parameters()]", 0.01, "pass", False),
        ("", "for q in net.parameters(): q.grad = q.grad / 3", 1e9, "pass", False),
        ("", "pass", 1e9, "torch._foreach_mul_([q.grad.data for q in net.parameters()], 1 / 3)", False),
        (", reduction='sum'", "pass", 1e9, "pass", False),
    ],
)
def test_gathered_gradients_may_be_divided_themselves(
    codes_of: Codes, how: str, before: str, limit: float, after: str, wrong: bool
) -> None:
    code = GATHERED.format(how=how, before=before, limit=limit, after=after)
    assert ("SB109" in codes_of(code)) == wrong
