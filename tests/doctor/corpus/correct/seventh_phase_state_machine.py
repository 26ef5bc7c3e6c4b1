"""Transfer in phases, written as a state machine: PRETRAIN -> HEAD -> TOP -> ALL -> DONE."""
import copy
import enum

import torch
from torch import nn


class Phase(enum.Enum):
    PRETRAIN = enum.auto()
    HEAD = enum.auto()
    TOP = enum.auto()
    ALL = enum.auto()
    DONE = enum.auto()


NEXT = {Phase.PRETRAIN: Phase.HEAD, Phase.HEAD: Phase.TOP, Phase.TOP: Phase.ALL, Phase.ALL: Phase.DONE}


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.low = nn.Sequential(nn.Linear(12, 48), nn.BatchNorm1d(48), nn.ReLU())
        self.top = nn.Sequential(nn.Linear(48, 48), nn.BatchNorm1d(48), nn.ReLU())

    def forward(self, x):
        return self.top(self.low(x))


class Net(nn.Module):
    def __init__(self, backbone, classes):
        super().__init__()
        self.backbone, self.head = backbone, nn.Linear(48, classes)
        self.still = ()

    def forward(self, x):
        return self.head(self.backbone(x))

    def train(self, mode=True):
        """Frozen blocks keep their running statistics."""
        super().train(mode)
        for m in self.still:
            m.eval()
        return self

    def freeze(self, *modules):
        self.requires_grad_(True)
        for m in modules:
            m.requires_grad_(False)
        self.still = modules


def task(n, classes, proj, gen):
    x = torch.randn(n, 12, generator=gen)
    return x, (torch.tanh(x @ BASIS) @ proj).argmax(1)


def evaluate(net, x, y):
    net.eval()
    with torch.no_grad():
        out = net(x)
        return nn.functional.cross_entropy(out, y).item(), (out.argmax(1) == y).float().mean().item()


class Machine:
    def __init__(self, big, small):
        self.big, self.small = big, small
        self.net = Net(Backbone(), 6)
        self.phase = Phase.PRETRAIN
        self.best = None

    def enter(self):
        b = self.net.backbone
        if self.phase is Phase.PRETRAIN:
            return self.big, [{"params": self.net.parameters(), "lr": 3e-3}]
        if self.phase is Phase.HEAD:
            self.net = Net(b, 3)
            self.net.freeze(b)
            return self.small, [{"params": self.net.head.parameters(), "lr": 1e-2}]
        if self.phase is Phase.TOP:
            self.net.freeze(b.low)
            return self.small, [{"params": b.top.parameters(), "lr": 1e-3}, {"params": self.net.head.parameters(), "lr": 3e-3}]
        self.net.freeze()
        return self.small, [{"params": b.low.parameters(), "lr": 3e-4}, {"params": b.top.parameters(), "lr": 6e-4},
                            {"params": self.net.head.parameters(), "lr": 1e-3}]

    def run(self):
        while self.phase is not Phase.DONE:
            (xt, yt, xv, yv), groups = self.enter()
            opt = torch.optim.Adam(groups)
            low, state, bad = evaluate(self.net, xv, yv)[0], copy.deepcopy(self.net.state_dict()), 0
            while bad < 3:
                self.net.train()
                for idx in torch.randperm(len(xt)).split(40):
                    opt.zero_grad()
                    nn.functional.cross_entropy(self.net(xt[idx]), yt[idx]).backward()
                    opt.step()
                val, acc = evaluate(self.net, xv, yv)
                if val < low - 1e-3:
                    low, state, bad = val, copy.deepcopy(self.net.state_dict()), 0
                else:
                    bad += 1
            self.net.load_state_dict(state)
            print(f"{self.phase.name:9s} val loss {low:.3f}")
            self.phase = NEXT[self.phase]
        return self.net


torch.manual_seed(4)
gen = torch.Generator().manual_seed(9)
BASIS = torch.randn(12, 10, generator=gen)
proj_a, proj_b = torch.randn(10, 6, generator=gen), torch.randn(10, 3, generator=gen)
xa, ya = task(1600, 6, proj_a, gen)
xb, yb = task(600, 3, proj_b, gen)
machine = Machine((xa[:1280], ya[:1280], xa[1280:], ya[1280:]), (xb[:200], yb[:200], xb[200:300], yb[200:300]))
net = machine.run()
print("test loss %.3f accuracy %.3f" % evaluate(net, xb[300:], yb[300:]))
