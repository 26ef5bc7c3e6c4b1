"""Quantisation-aware training by hand: fake-quant with straight-through gradients, then true integer inference."""
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class FakeQuant(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale, zero, lo, hi):
        q = torch.round(x / scale) + zero
        ctx.save_for_backward((q >= lo) & (q <= hi))
        return (q.clamp(lo, hi) - zero) * scale

    @staticmethod
    def backward(ctx, g):
        inside, = ctx.saved_tensors
        return g * inside, None, None, None, None


class ActObserver(nn.Module):
    """exponential averages of min and max while training, until frozen; unsigned, with a zero point"""

    def __init__(self, bits=8, momentum=0.1):
        super().__init__()
        self.hi, self.momentum, self.enabled, self.frozen = 2 ** bits - 1, momentum, False, False
        self.register_buffer("mn", torch.zeros(()))
        self.register_buffer("mx", torch.zeros(()))
        self.register_buffer("seen", torch.tensor(False))

    def qparams(self):
        mn, mx = self.mn.clamp(max=0.0), self.mx.clamp(min=0.0)
        scale = ((mx - mn) / self.hi).clamp(min=1e-8)
        return scale, torch.round(-mn / scale)

    def forward(self, x):
        if self.training and not self.frozen:
            with torch.no_grad():
                m = self.momentum if self.seen else 1.0
                self.mn.lerp_(x.min(), m)
                self.mx.lerp_(x.max(), m)
                self.seen.fill_(True)
        return FakeQuant.apply(x, *self.qparams(), 0, self.hi) if self.enabled else x


class QLinear(nn.Linear):
    """symmetric per-channel weights, the range taken anew from the weights at every step"""
    bits, enabled = 4, False

    def wscale(self):
        return (self.weight.detach().abs().amax(1, keepdim=True) / (2 ** (self.bits - 1) - 1)).clamp(min=1e-8)

    def forward(self, x):
        if not self.enabled:
            return super().forward(x)
        top = 2 ** (self.bits - 1) - 1
        return F.linear(x, FakeQuant.apply(self.weight, self.wscale(), 0.0, -top, top), self.bias)


class Net(nn.Sequential):
    def __init__(self):
        super().__init__(ActObserver(), QLinear(64, 48), nn.ReLU(), ActObserver(), QLinear(48, 10))

    def quantise(self, on=True):
        for m in self.modules():
            if hasattr(m, "enabled"):
                m.enabled = on
        return self

    def freeze_ranges(self):
        for m in self.modules():
            if isinstance(m, ActObserver):
                m.frozen = True


@torch.no_grad()
def integer_forward(net, x):
    """the same network with integers only inside the matrix products"""
    for obs, lin, relu in ((net[0], net[1], True), (net[3], net[4], False)):
        s, z = obs.qparams()
        q = (torch.round(x / s) + z).clamp(0, obs.hi).long() - z.long()
        top = 2 ** (lin.bits - 1) - 1
        w = torch.round(lin.weight / lin.wscale()).clamp(-top, top).long()
        acc = q @ w.t()
        x = acc.float() * s * lin.wscale().squeeze(1) + lin.bias
        x = x.relu() if relu else x
    return x


def accuracy(fn, x, y):
    with torch.no_grad():
        return (fn(x).argmax(1) == y).float().mean().item()


def fit(net, x, y, epochs, lr, freeze_at=None):
    opt = torch.optim.Adam(net.parameters(), lr=lr)
    net.train()
    for ep in range(epochs):
        if ep == freeze_at:
            net.freeze_ranges()
        tot = 0.0
        for idx in torch.randperm(len(x)).split(64):
            loss = F.cross_entropy(net(x[idx]), y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot += loss.item() * len(idx)
    net.eval()
    return tot / len(x)


def main():
    torch.manual_seed(0)
    d = load_digits()
    X, Y = torch.tensor(d.data / 16, dtype=torch.float32), torch.tensor(d.target)
    p = torch.randperm(len(X))
    (xtr, ytr), (xte, yte) = ((X[i], Y[i]) for i in (p[:1300], p[1300:]))
    net = Net()
    print(f"float training loss {fit(net, xtr, ytr, 12, 5e-3):.4f}")
    print(f"float              test {accuracy(net, xte, yte):.4f}")
    ptq = copy.deepcopy(net).quantise()
    print(f"post-training w4a8 test {accuracy(ptq, xte, yte):.4f}")
    qat = copy.deepcopy(net).quantise()
    print(f"qat training loss {fit(qat, xtr, ytr, 6, 1e-3, freeze_at=4):.4f}")
    print(f"qat w4a8           test {accuracy(qat, xte, yte):.4f}")
    with torch.no_grad():
        gap = (qat(xte) - integer_forward(qat, xte)).abs().max().item()
    print(f"integer inference  test {accuracy(lambda x: integer_forward(qat, x), xte, yte):.4f}, largest gap {gap:.1e}")


if __name__ == "__main__":
    main()
