"""The step ledger: each mistake of the optimisation step fires, and its cure does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Codes = Callable[[str], set[str]]

LOOP = """
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
x = torch.randn(256, 4)
y = x.sum(1, keepdim=True)
for i in range(40):
    rows = slice(i % 8 * 32, i % 8 * 32 + 32)
{body}
"""

GOOD = ("optimizer.zero_grad()", "loss = F.mse_loss(model(x[rows]), y[rows])", "loss.backward()", "optimizer.step()")
CLIP = "nn.utils.clip_grad_norm_(model.parameters(), 1.0)"

BAD = {
    "SB101": (GOOD[1], GOOD[2], GOOD[3]),
    "SB102": (GOOD[0], GOOD[1], "loss.backward", GOOD[3]),
    "SB104": (GOOD[0], GOOD[1], GOOD[2], "optimizer.step"),
    "SB105": (GOOD[1], GOOD[2], GOOD[0], GOOD[3]),
    "SB106": (*GOOD, CLIP),
    "SB107": (GOOD[0], CLIP, GOOD[1], GOOD[2], GOOD[3]),
    "SB109": (GOOD[1], GOOD[2], "if (i + 1) % 4 == 0:", "    optimizer.step(); optimizer.zero_grad()"),
    "SB127": (*GOOD, GOOD[3]),
    "SB216": (*GOOD, "kept = [*globals().get('kept', []), loss]"),
}
FINE = [
    GOOD,
    (GOOD[1], GOOD[0], GOOD[2], CLIP, GOOD[3]),
    ("loss = F.mse_loss(model(x[rows]), y[rows]) / 4", GOOD[2], "if (i + 1) % 4 == 0:",
     "    optimizer.step(); optimizer.zero_grad()"),
    ("model.zero_grad()", GOOD[1], GOOD[2], GOOD[3]),
    ("for p in model.parameters(): p.grad = None", GOOD[1], GOOD[2], GOOD[3]),
    (*GOOD, "kept = [*globals().get('kept', []), loss.item()]"),
]  # fmt: skip


def _script(body: tuple[str, ...]) -> str:
    return LOOP.format(body="\n".join("    " + line for line in body))


@pytest.mark.parametrize("code", sorted(BAD))
def test_a_wrong_step_is_named(code: str, codes_of: Codes) -> None:
    assert code in codes_of(_script(BAD[code]))


@pytest.mark.parametrize("body", FINE, ids=range(len(FINE)))
def test_a_right_step_stays_quiet(body: tuple[str, ...], codes_of: Codes) -> None:
    assert codes_of(_script(body)) == set()


def test_two_optimizers_of_a_gan_stay_quiet(codes_of: Codes) -> None:
    assert (
        codes_of("""
        G = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 2))
        D = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
        g_opt = torch.optim.Adam(G.parameters(), lr=1e-3)
        d_opt = torch.optim.Adam(D.parameters(), lr=1e-3)
        ones, zeros = torch.ones(32, 1), torch.zeros(32, 1)
        for i in range(30):
            real = torch.randn(32, 2) * 0.5 + 1
            with torch.no_grad():
                fake = G(torch.randn(32, 4))
            d_opt.zero_grad()
            d_loss = F.binary_cross_entropy_with_logits(D(real), ones)
            d_loss = d_loss + F.binary_cross_entropy_with_logits(D(fake), zeros)
            d_loss.backward()
            d_opt.step()
            g_opt.zero_grad()
            F.binary_cross_entropy_with_logits(D(G(torch.randn(32, 4))), ones).backward()
            g_opt.step()
        """)
        == set()
    )


def test_lbfgs_with_its_closure_stays_quiet(codes_of: Codes) -> None:
    assert (
        codes_of("""
        model = nn.Linear(3, 1)
        optimizer = torch.optim.LBFGS(model.parameters(), lr=0.5)
        x = torch.randn(64, 3)
        y = x @ torch.tensor([[1.0], [2.0], [3.0]])
        def closure():
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            return loss
        for _ in range(6):
            optimizer.step(closure)
        """)
        == set()
    )


REBUILT = """
x = torch.randn(64, 4); y = torch.randn(64, 1)
model = nn.Linear(4, 1)
first = copy.deepcopy(model.state_dict())
for trial in range(4):
    {start}
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(5):
        optimizer.zero_grad()
        F.mse_loss(model(x), y).backward()
        optimizer.step()
"""


@pytest.mark.parametrize(("start", "codes"), [("model.load_state_dict(first)", set()), ("pass", {"SB119"})])
def test_a_new_optimizer_for_weights_that_were_set_back_is_a_new_training(
    codes_of: Callable[[str], set[str]], start: str, codes: set[str]
) -> None:
    assert codes_of(REBUILT.format(start=start)) == codes
