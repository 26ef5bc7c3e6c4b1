"""Weights whose rows are their outputs, and training rows that are scored too."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Codes = Callable[[str], set[str]]

WEIGHTS = """
wide = (torch.randn({first}) * {scale}).requires_grad_()
last = (0.1 * torch.randn({last})).requires_grad_()
optimizer = torch.optim.SGD([wide, last], lr=1e-3)
for step in range(12):
    x = torch.randn(32, 4); y = x[:, :1].abs()
    optimizer.zero_grad()
    F.mse_loss({network}, y).backward()
    optimizer.step()
"""
TURNED = "F.linear(torch.tanh(F.linear(x, wide)), last)"
PLAIN = "torch.tanh(torch.cat([x] * 16, 1) @ wide) @ last"


def test_a_weight_of_a_turned_product_has_its_inputs_in_its_columns(codes_of: Codes) -> None:
    assert "SB506" not in codes_of(WEIGHTS.format(first="64, 4", last="1, 64", scale=0.6, network=TURNED))
    assert "SB506" in codes_of(WEIGHTS.format(first="64, 32", last="32, 1", scale=1.0, network=PLAIN))


SCALED = """
made = 5 * torch.rand(260, 3) - 1
goal = made.sum(1)
low, high = made[:200].min(0).values, made[:200].max(0).values
x = (made - low) / (high - low)
if {anew}:
    own = made[200:]
    x[200:] = (own - own.min(0).values) / (own.max(0).values - own.min(0).values)
model = nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for step in range(15):
    ids = torch.arange(40) + step % 5 * 40
    optimizer.zero_grad()
    F.mse_loss(model(x[ids]).squeeze(1), goal[ids]).backward()
    optimizer.step()
model.eval()
with torch.no_grad():
    print(F.mse_loss(model({measured}).squeeze(1), {truth}))
"""


@pytest.mark.parametrize(
    ("anew", "measured", "truth", "found"),
    [(False, "x[:200]", "goal[:200]", False), (True, "x[200:]", "goal[200:]", True)],
)
def test_training_rows_are_no_evaluation_data(
    codes_of: Codes, anew: bool, measured: str, truth: str, found: bool
) -> None:
    codes = codes_of(SCALED.format(anew=anew, measured=measured, truth=truth))
    assert ("SB405" in codes) is found
