"""Exponential moving average of the weights, with buffers, warm-up of the decay, and a swap context."""
import contextlib
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class EMA:
    """shadow <- d * shadow + (1 - d) * weight.  Buffers are copied: they are running averages already."""

    def __init__(self, model, decay=0.98):
        self.decay = decay
        self.updates = 0
        self.shadow = copy.deepcopy(model).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, model):
        self.updates += 1
        d = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for s, p in zip(self.shadow.parameters(), model.parameters()):
            s.lerp_(p, 1 - d)
        for s, b in zip(self.shadow.buffers(), model.buffers()):
            s.copy_(b)

    @contextlib.contextmanager
    def applied_to(self, model):
        """Inside the block `model` carries the averaged weights; afterwards its own are back, bit for bit."""
        backup = {k: v.detach().clone() for k, v in model.state_dict().items()}
        mode = model.training
        model.load_state_dict(self.shadow.state_dict())
        model.eval()
        try:
            yield model
        finally:
            model.load_state_dict(backup)
            model.train(mode)

    def state_dict(self):
        return {"updates": self.updates, "shadow": self.shadow.state_dict()}

    def load_state_dict(self, state):
        self.updates = state["updates"]
        self.shadow.load_state_dict(state["shadow"])


def small_net():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))


def digits(seed=0):
    d = load_digits()
    x = torch.tensor(d.images).float().unsqueeze(1) / 16        # pixel values are 0..16
    y = torch.tensor(d.target)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    a, b, c = order[:1100], order[1100:1400], order[1400:]
    return (x[a], y[a]), (x[b], y[b]), (x[c], y[c])


@torch.no_grad()
def score(net, x, y):
    assert not net.training
    out = net(x)
    return F.cross_entropy(out, y).item(), (out.argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(0)
    (x, y), val, test = digits()
    net = small_net()
    ema = EMA(net)
    opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    best, kept = -1.0, None
    for epoch in range(6):
        for rows in torch.randperm(len(x)).split(50):            # 1100 = 22 x 50
            opt.zero_grad()
            F.cross_entropy(net(x[rows]), y[rows]).backward()
            opt.step()
            ema.update(net)
        before = net[0].weight.detach().clone()
        with ema.applied_to(net) as averaged:
            ema_loss, ema_acc = score(averaged, *val)
        assert torch.equal(before, net[0].weight) and net.training
        net.eval()
        raw_loss, raw_acc = score(net, *val)
        net.train()
        if ema_acc > best:
            best, kept = ema_acc, copy.deepcopy(ema.state_dict())
        print(f"{epoch}: raw {raw_loss:.3f} / {raw_acc:.3f}   ema {ema_loss:.3f} / {ema_acc:.3f}")

    ema.load_state_dict(kept)
    print("chosen by validation, ema on the test part: %.3f / %.3f" % score(ema.shadow, *test))


main()
