"""One small script per mistake, wrong and right, in another style than the pages."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from seedbed.doctor.finding import Finding

Codes = Callable[[str], set[str]]

HEAD = """
x = torch.randn(240, 6)
labels = (x[:, 0] > 0).long() + (x[:, 1] > 0).long()
value = x.sum(1, keepdim=True)
"""
TRAIN = """
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for i in range(24):
    part = slice(i % 6 * 40, i % 6 * 40 + 40)
    optimizer.zero_grad()
    {loss}.backward()
    optimizer.step()
    {after}
"""


def _script(model: str, loss: str, after: str = "pass", tail: str = "", head: str = "") -> str:
    return HEAD + head + f"model = {model}\n" + TRAIN.format(loss=loss, after=after) + tail


NET = "nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, {}))"
DROP = "nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 1))"
CE = "F.cross_entropy(model(x[part]), labels[part])"
MSE = "F.mse_loss(model(x[part]), value[part])"
EVAL = "\n{}with torch.no_grad():\n    [model(x[k:k + 20] + 1) for k in (0, 20, 40)]\n"

CASES = {
    "SB201": (_script(NET.format(3), "F.cross_entropy(model(x[part]).softmax(1), labels[part])"),
              _script(NET.format(3), CE)),
    "SB205": (_script(NET.format(3), "F.nll_loss(model(x[part]), labels[part])"),
              _script(NET.format(3), "F.nll_loss(model(x[part]).log_softmax(1), labels[part])")),
    "SB210": (_script(NET.format(1), "(model(x[part]) - value[part, 0]).square().mean()"),
              _script(NET.format(1), "(model(x[part]) - value[part]).square().mean()")),
    "SB212": (_script(f"nn.Sequential({NET.format(1)}, nn.Sigmoid())", "F.mse_loss(model(x[part]), value[part])"),
              _script(NET.format(1), MSE)),
    "SB301": (_script(DROP, MSE, tail=EVAL.format("")), _script(DROP, MSE, tail=EVAL.format("model.eval()\n"))),
    "SB302": (_script(DROP, MSE, after="model.train(i < 8)"), _script(DROP, MSE, after="model.eval(); model.train()")),
    "SB303": (_script(DROP, MSE, tail="\nmodel.eval()\nfor k in (0, 20, 40): model(x[k:k + 20] + 1)\n"),
              _script(DROP, MSE, tail=EVAL.format("model.eval()\n"))),
    "SB501": (_script("Listed()", MSE, head="""
class Listed(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = [nn.Linear(6, 16)]
        self.out = nn.Linear(16, 1)
    def forward(self, v):
        return self.out(torch.tanh(self.hidden[0](v)))
"""), _script("Listed()", MSE, head="""
class Listed(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.ModuleList([nn.Linear(6, 16)])
        self.out = nn.Linear(16, 1)
    def forward(self, v):
        return self.out(torch.tanh(self.hidden[0](v)))
""")),
    "SB507": (_script("zeroed(nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 1)))", MSE, head="""
def zeroed(net):
    for layer in (net[0], net[2]):
        nn.init.constant_(layer.weight, 0.1)
        nn.init.zeros_(layer.bias)
    return net
"""), _script("nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 1))", MSE)),
    "SB509": (_script("nn.Sequential(nn.Linear(6, 16), nn.Linear(16, 1))", MSE), _script(NET.format(1), MSE)),
    "SB601": (_script(NET.format(1), MSE, after="best = model.state_dict() if i == 4 else globals().get('best')",
                      tail="\nmodel.load_state_dict(best)\n"),
              _script(NET.format(1), MSE,
                      after="best = copy.deepcopy(model.state_dict()) if i == 4 else globals().get('best')",
                      tail="\nmodel.load_state_dict(best)\n")),
    "SB602": (_script(NET.format(1), MSE, head="", after="best = copy.copy(model)"),
              _script(NET.format(1), MSE, after="best = copy.deepcopy(model)")),
    "SB702": (_script(NET.format(1), MSE, after="torch.manual_seed(0)"), _script(NET.format(1), MSE)),
}  # fmt: skip


@pytest.mark.parametrize("code", sorted(CASES))
def test_the_mistake_is_named_and_its_cure_is_quiet(code: str, codes_of: Codes) -> None:
    bad, good = CASES[code]
    assert code in codes_of(bad)
    assert codes_of(good) == set()


def test_a_layer_beside_a_skip_is_no_hidden_step(codes_of: Codes) -> None:
    head = """
class Skip(nn.Module):
    def __init__(self):
        super().__init__()
        self.inp, self.mid, self.out = nn.Linear(6, 16), nn.Linear(16, 16), nn.Linear(16, 1)
    def forward(self, v):
        v = self.inp(v)
        return self.out(torch.tanh(v + F.gelu(self.mid(v))))
"""
    assert codes_of(_script("Skip()", MSE, head=head)) == set()


def test_the_line_of_a_comment_is_respected(findings_of: Callable[[str], list[Finding]]) -> None:
    bad = _script(NET.format(3), "F.cross_entropy(model(x[part]).softmax(1), labels[part])")
    quiet = bad.replace(".backward()", ".backward()  # seedbed: allow=SB201")
    assert findings_of(quiet) == []


def test_a_watched_loop_reports_and_everything_is_put_back() -> None:
    import torch
    from torch import nn
    from torch.nn import functional as F

    from seedbed.doctor.watch import watch

    before = (torch.Tensor.backward, F.cross_entropy, torch.save, nn.Module.state_dict)
    model = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    with watch(model, optimizer, nn.MSELoss(), quiet=True) as doctor:
        for _ in range(8):
            F.mse_loss(model(torch.randn(16, 3)), torch.randn(16, 1)).backward()
            optimizer.step()
    assert [finding.code for finding in doctor.findings] == ["SB101"]
    assert (torch.Tensor.backward, F.cross_entropy, torch.save, nn.Module.state_dict) == before
