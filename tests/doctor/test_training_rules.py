"""Mistakes in the engineering of a training: each is found, and its correct twin in the same style is quiet."""

from __future__ import annotations

from textwrap import dedent

import pytest

from seedbed.doctor.finding import Severity
from seedbed.doctor.static.engine import check_text

HEAD = "import copy\nimport math\nimport torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"
DATA = """
x, y = torch.randn(90, 3), torch.randint(0, 2, (90,))
batches = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=10, shuffle=True)
net = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))
"""
STEP = """
    opt.zero_grad()
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    opt.step()
"""
# the check, what is wrong, the wrong piece, the right piece; "{step}" is one update
PAIRS: list[tuple[str, str, str, str]] = [
    ("SB166", "an option with a capital letter", """
        opt = torch.optim.AdamW([dict(params=net[0].parameters(), LR=1e-4), dict(params=net[2].parameters())], lr=1e-3)
        for epoch in range(9):{step}""", """
        opt = torch.optim.AdamW([dict(params=net[0].parameters(), lr=1e-4), dict(params=net[2].parameters())], lr=1e-3)
        for epoch in range(9):{step}"""),
    ("SB168", "a schedule made before the optimizer is replaced", """
        class Tuner:
            def __init__(self):
                self.opt = torch.optim.SGD(net.parameters(), lr=0.1)
                self.plan = torch.optim.lr_scheduler.StepLR(self.opt, 3)
            def restart(self):
                self.opt = torch.optim.Adam(net.parameters(), lr=1e-3)
            def run(self):
                self.opt.zero_grad()
                F.cross_entropy(net(x), y).backward()
                self.opt.step()
                self.plan.step()
        tuner = Tuner()
        tuner.run()
        tuner.restart()
        for _ in range(9):
            tuner.run()""", """
        class Tuner:
            def __init__(self):
                self.start(torch.optim.SGD(net.parameters(), lr=0.1))
            def start(self, opt):
                self.opt = opt
                self.plan = torch.optim.lr_scheduler.StepLR(self.opt, 3)
            def run(self):
                self.opt.zero_grad()
                F.cross_entropy(net(x), y).backward()
                self.opt.step()
                self.plan.step()
        tuner = Tuner()
        tuner.run()
        tuner.start(torch.optim.Adam(net.parameters(), lr=1e-3))
        for _ in range(9):
            tuner.run()"""),
    ("SB171", "milestones beyond the run", """
        opt = torch.optim.SGD(net.parameters(), lr=0.1)
        plan = torch.optim.lr_scheduler.MultiStepLR(opt, milestones=[60, 120], gamma=0.1)
        for epoch in range(40):{step}
            plan.step()""", """
        opt = torch.optim.SGD(net.parameters(), lr=0.1)
        plan = torch.optim.lr_scheduler.MultiStepLR(opt, milestones=[20, 30], gamma=0.1)
        for epoch in range(40):{step}
            plan.step()"""),
    ("SB141", "a rate that is halved in an attribute only", """
        class Run:
            def __init__(self):
                self.rate = 0.1
                self.opt = torch.optim.SGD(net.parameters(), lr=self.rate)
            def go(self):
                for epoch in range(9):
                    self.rate = self.rate / 2
                    self.opt.zero_grad()
                    F.cross_entropy(net(x), y).backward()
                    self.opt.step()
        Run().go()""", """
        class Run:
            def __init__(self):
                self.rate = 0.1
                self.opt = torch.optim.SGD(net.parameters(), lr=self.rate)
            def go(self):
                for epoch in range(9):
                    self.rate = self.rate / 2
                    for group in self.opt.param_groups:
                        group["lr"] = self.rate
                    self.opt.zero_grad()
                    F.cross_entropy(net(x), y).backward()
                    self.opt.step()
        Run().go()"""),
    ("SB173", "clipping before the window is complete", """
        opt = torch.optim.SGD(net.parameters(), lr=0.1)
        for i, (a, b) in enumerate(batches):
            (F.cross_entropy(net(a), b) / 3).backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            if (i + 1) % 3 == 0:
                opt.step()
                opt.zero_grad()""", """
        opt = torch.optim.SGD(net.parameters(), lr=0.1)
        for i, (a, b) in enumerate(batches):
            (F.cross_entropy(net(a), b) / 3).backward()
            if (i + 1) % 3 == 0:
                nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                opt.step()
                opt.zero_grad()"""),
    ("SB174", "layers unfrozen by a method", """
        net[0].requires_grad_(False)
        opt = torch.optim.Adam(filter(lambda p: p.requires_grad, net.parameters()), lr=1e-3)
        for epoch in range(9):
            if epoch == 3:
                net[0].requires_grad_(True){step}""", """
        net[0].requires_grad_(False)
        opt = torch.optim.Adam(net.parameters(), lr=1e-3)
        for epoch in range(9):
            if epoch == 3:
                net[0].requires_grad_(True){step}"""),
    ("SB177", "one name for the optimizers of a list", """
        nets = [nn.Linear(3, 2), nn.Linear(3, 2)]
        for one in nets:
            opt = torch.optim.Adam(one.parameters())
        for epoch in range(9):
            for one in nets:
                opt.zero_grad()
                F.cross_entropy(one(x), y).backward()
                opt.step()""", """
        nets = [nn.Linear(3, 2), nn.Linear(3, 2)]
        for one in nets:
            opt = torch.optim.Adam(one.parameters())
            for epoch in range(9):
                opt.zero_grad()
                F.cross_entropy(one(x), y).backward()
                opt.step()"""),
    ("SB530", "an index without its dot in a generator", """
        class Deep(nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = nn.ModuleList([nn.Linear(3, 3) for _ in range(12)])
            def forward(self, x):
                for one in self.layer:
                    x = x + one(x).relu()
                return x
        net = Deep()
        low = [f"layer.{k}" for k in range(4)]
        for name, p in net.named_parameters():
            if any(name.startswith(head) for head in low):
                p.requires_grad = False
        opt = torch.optim.Adam(net.parameters())
        for epoch in range(9):{step}""", """
        class Deep(nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = nn.ModuleList([nn.Linear(3, 3) for _ in range(12)])
            def forward(self, x):
                for one in self.layer:
                    x = x + one(x).relu()
                return x
        net = Deep()
        low = [f"layer.{k}." for k in range(4)]
        for name, p in net.named_parameters():
            if any(name.startswith(head) for head in low):
                p.requires_grad = False
        opt = torch.optim.Adam(net.parameters())
        for epoch in range(9):{step}"""),
    ("SB531", "a hook in the body of the epoch loop", """
        seen = []
        opt = torch.optim.Adam(net.parameters())
        for epoch in range(9):
            handle = net[0].register_full_backward_hook(lambda m, i, o: seen.append(o[0].norm())){step}""", """
        seen = []
        opt = torch.optim.Adam(net.parameters())
        for epoch in range(9):
            handle = net[0].register_full_backward_hook(lambda m, i, o: seen.append(o[0].norm())){step}
            handle.remove()"""),
    ("SB534", "a drop path that never asks for the mode", """
        class Path(nn.Module):
            def __init__(self, rate=0.1):
                super().__init__()
                self.rate = rate
            def forward(self, h):
                keep = 1 - self.rate
                return h / keep * (torch.rand(h.shape[0], 1) < keep).float()""", """
        class Path(nn.Module):
            def __init__(self, rate=0.1):
                super().__init__()
                self.rate = rate
            def forward(self, h):
                keep = 1 - self.rate
                if not self.training:
                    return h
                return h / keep * (torch.rand(h.shape[0], 1) < keep).float()"""),
    ("SB536", "a straight-through function that gives nothing back", """
        class Sign(torch.autograd.Function):
            @staticmethod
            def forward(ctx, h):
                return h.sign()
            @staticmethod
            def backward(ctx, grad):
                return None
        net = nn.Linear(x.shape[1], 1)
        opt = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(9):
            opt.zero_grad()
            (Sign.apply(net(x)) * torch.randn(len(x), 1)).mean().backward()
            opt.step()""", """
        class Sign(torch.autograd.Function):
            @staticmethod
            def forward(ctx, h):
                return h.sign()
            @staticmethod
            def backward(ctx, grad):
                return grad
        net = nn.Linear(x.shape[1], 1)
        opt = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(9):
            opt.zero_grad()
            (Sign.apply(net(x)) * torch.randn(len(x), 1)).mean().backward()
            opt.step()"""),
    ("SB615", "a minimum that is taken before it is compared", """
        best = math.inf
        opt = torch.optim.Adam(net.parameters())
        for epoch in range(9):{step}
            now = loss.item()
            best = min(best, now)
            if now < best:
                torch.save(net.state_dict(), "best.pt")""", """
        best = math.inf
        opt = torch.optim.Adam(net.parameters())
        for epoch in range(9):{step}
            now = loss.item()
            if now < best:
                torch.save(net.state_dict(), "best.pt")
            best = min(best, now)"""),
    ("SB617", "one dict for all layers", """
        tables = [{}] * 3
        for k in range(3):
            tables[k]["norm"] = float(k)""", """
        tables = [{} for _ in range(3)]
        for k in range(3):
            tables[k]["norm"] = float(k)"""),
    ("SB620", "a margin that lets worse scores in", """
        best, bad, min_delta = math.inf, 0, 1e-3
        opt = torch.optim.Adam(net.parameters())
        for epoch in range(99):{step}
            now = loss.item()
            if now < best + min_delta:
                best, bad = now, 0
            else:
                bad += 1
            if bad > 5:
                break""", """
        best, bad, min_delta = math.inf, 0, 1e-3
        opt = torch.optim.Adam(net.parameters())
        for epoch in range(99):{step}
            now = loss.item()
            if now < best - min_delta:
                best, bad = now, 0
            else:
                bad += 1
            if bad > 5:
                break"""),
]  # fmt: skip


def build(piece: str) -> str:
    return HEAD + DATA + dedent(piece).replace("{step}", STEP.rstrip())


def warned(text: str) -> set[str]:
    return {f.code for f in check_text(text, strict=True) if f.severity >= Severity.WARNING}


@pytest.mark.parametrize(("code", "what", "wrong", "right"), PAIRS, ids=[f"{c[0]}-{i}" for i, c in enumerate(PAIRS)])
def test_a_mistake_is_found_and_its_twin_is_quiet(code: str, what: str, wrong: str, right: str) -> None:
    assert code in warned(build(wrong)), what
    assert warned(build(right)) == set(), what
