"""What only values and counts show: each mistake fires, and the same code written right does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Codes = Callable[[str], set[str]]

HEAD = """
x = torch.randn(240, 6)
y = (x[:, 0] > 0).long()
model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
"""
LOOP = """
for i in range(32):
    part = slice(i % 6 * 40, i % 6 * 40 + 40)
    optimizer.zero_grad()
    F.cross_entropy(model(x[part]), y[part]).backward()
    optimizer.step()
    {}
"""
PARTS = """
for i in range(64):
    part = slice(i % 6 * 40, i % 6 * 40 + 40)
    {0}
    (F.cross_entropy(model(x[part]), y[part]) / 4).backward()
    if (i + 1) % 4 == 0:
        optimizer.step()
        {1}
"""
HOOK = "def look(*seen): pass\n"
PIXELS = """
class Pixels(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3, padding=1)
    def forward(self, v):
        return {}
model = Pixels()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
images = torch.randn(8, 1, 5, 5)
classes = torch.randint(0, 3, (200,))
for i in range(6):
    optimizer.zero_grad()
    F.cross_entropy(model(images), classes).backward()
    optimizer.step()
"""
GROUPS = "optimizer = torch.optim.SGD([{{'params': model.parameters(), '{}': 0.05}}], lr=0.1)\n"
BYTES = "raw = torch.randint(0, 256, (240, 6), dtype=torch.uint8)\nx = (raw{} - 128) / 64.0\n"
LIST = """
class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.ModuleList({})
    def forward(self, v):
        for layer in self.hidden:
            v = torch.relu(layer(v))
        return v
model = nn.Sequential(Deep(), nn.Linear(6, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
"""
RATE = "schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: {} * min(1.0, (step + 1) / 5))\n"
SPARE = "optimizer.lr = 0.01 if False else 0.02"

CASES = {
    "SB110": (HEAD + PARTS.format("optimizer.zero_grad()", "pass"), HEAD + PARTS.format("", "optimizer.zero_grad()")),
    "SB139": (HEAD + RATE.format(0.1) + LOOP.format("schedule.step()"),
              HEAD + RATE.format(1.0) + LOOP.format("schedule.step()")),
    "SB141": (HEAD + LOOP.format(SPARE), HEAD + LOOP.format("optimizer.param_groups[0]['lr'] = 0.05")),
    "SB166": (HEAD + GROUPS.format("learning_rate") + LOOP.format(""), HEAD + GROUPS.format("lr") + LOOP.format("")),
    "SB214": (PIXELS.format("self.conv(v).view(-1, 3)"),
              PIXELS.format("self.conv(v).permute(0, 2, 3, 1).reshape(-1, 3)")),
    "SB436": (HEAD + BYTES.format("") + LOOP.format(""), HEAD + BYTES.format(".float()") + LOOP.format("")),
    "SB502": (HEAD + LIST.format("[nn.Linear(6, 6)] * 3") + LOOP.format(""),
              HEAD + LIST.format("[nn.Linear(6, 6) for _ in range(3)]") + LOOP.format("")),
    "SB531": (HEAD + HOOK + LOOP.format("model[1].register_forward_hook(look)"),
              HEAD + HOOK + LOOP.format("model[1].register_forward_hook(look).remove()")),
}  # fmt: skip


@pytest.mark.parametrize("code", sorted(CASES))
def test_a_value_that_cannot_be_is_named_and_its_cure_is_quiet(code: str, codes_of: Codes) -> None:
    bad, good = CASES[code]
    assert code in codes_of(bad)
    assert codes_of(good) == set()


def test_an_optimizer_that_was_left_behind_gets_no_blame(codes_of: Codes) -> None:
    again = HEAD.split("optimizer =")[0] + "model[2] = nn.Linear(16, 2)\n"
    second = "optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)\n" + LOOP.format("")
    assert codes_of(HEAD + LOOP.format("") + "first = optimizer\n" + again.split("\n")[-2] + "\n" + second) == set()


def test_inputs_that_nobody_holds_are_still_joined_with_their_targets(codes_of: Codes) -> None:
    leak = HEAD.replace("y = ", "x[:, 3] = (x[:, 0] > 0).float()\ny = ") + LOOP.format("")
    assert "SB416" in codes_of(leak)


TRIED = """
{before}
net = nn.Linear(5, 3)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
x, y = torch.randn(40, 5), torch.randint(0, 3, (40,))
for step in range(8):
    loss = -(F.one_hot(y, 3) * net(x).log_softmax(1)).sum(1).mean()
    optimizer.zero_grad(); loss.backward(); optimizer.step()
    with torch.no_grad():
        {after}
"""


def test_a_loss_that_is_tried_once_is_not_fed_by_the_model(codes_of: Codes) -> None:
    tried = "assert F.cross_entropy(torch.eye(3), torch.arange(3)) < 1"
    assert "SB201" not in codes_of(TRIED.format(before=tried, after="pass"))
    wrong = "print(F.cross_entropy(net(x).softmax(1), y))"
    assert "SB201" in codes_of(TRIED.format(before="", after=wrong))


FUSED = """
net = nn.Linear(5, 3)
optimizers = {p: torch.optim.Adam([p], lr=1e-2) for p in net.parameters()}
def hook(p):
    nn.utils.clip_grad_value_(p, 0.5)
    optimizers[p].step()
    optimizers[p].zero_grad()
for p in net.parameters():
    p.register_post_accumulate_grad_hook(hook)
for step in range(12):
    F.cross_entropy(net(torch.randn(20, 5)), torch.randint(0, 3, (20,))).backward()
"""


def test_a_gradient_that_is_clipped_and_stepped_as_it_comes_is_in_order(codes_of: Codes) -> None:
    assert not {"SB106", "SB107", "SB138"} & codes_of(FUSED)
