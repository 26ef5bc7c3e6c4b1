"""Quantisation-aware training by hand: float pretraining, observers, fake quantisation
with a straight-through estimator, then real int8 arithmetic that must agree."""
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset


class FakeQuant(torch.autograd.Function):
    """Rounds in the forward pass; the gradient passes where nothing was clipped."""

    @staticmethod
    def forward(ctx, x, scale, lo, hi):
        q = torch.round(x / scale)
        ctx.save_for_backward((q >= lo) & (q <= hi))
        return q.clamp(lo, hi) * scale

    @staticmethod
    def backward(ctx, g):
        (inside,) = ctx.saved_tensors
        return g * inside, None, None, None


class QLinear(nn.Linear):
    def __init__(self, i, o, bits=4):
        super().__init__(i, o)
        self.bits = bits
        self.register_buffer("act_max", torch.zeros(()))
        self.observe, self.quantise = False, False

    @property
    def w_hi(self):
        return 2 ** (self.bits - 1) - 1

    def scales(self):
        w = self.weight.detach().abs().amax(1, keepdim=True).clamp_min(1e-8) / self.w_hi
        return w, self.act_max.clamp_min(1e-8) / 255

    def forward(self, x):
        if self.observe and self.training:
            with torch.no_grad():
                self.act_max.copy_(torch.maximum(self.act_max, x.max()))
        if not self.quantise:
            return super().forward(x)
        sw, sa = self.scales()
        w = FakeQuant.apply(self.weight, sw, -self.w_hi, self.w_hi)
        return F.linear(FakeQuant.apply(x, sa, 0, 255), w, self.bias)      # inputs are >= 0 here

    @torch.no_grad()
    def integer_forward(self, x):
        sw, sa = self.scales()
        wq = torch.round(self.weight / sw).clamp(-self.w_hi, self.w_hi).to(torch.int32)
        xq = torch.round(x / sa).clamp(0, 255).to(torch.int32)
        return (xq @ wq.T).float() * (sa * sw.T) + self.bias


class Net(nn.Module):
    def __init__(self, bits):
        super().__init__()
        self.l1, self.l2, self.l3 = QLinear(64, 48, bits), QLinear(48, 32, bits), QLinear(32, 10, bits)

    def forward(self, x):
        return self.l3(F.relu(self.l2(F.relu(self.l1(x)))))

    def integer(self, x):
        return self.l3.integer_forward(F.relu(self.l2.integer_forward(F.relu(self.l1.integer_forward(x)))))

    def set(self, **flags):
        for m in self.modules():
            if isinstance(m, QLinear):
                vars(m).update(flags)
        return self


def train(net, loader, epochs, lr):
    opt = torch.optim.Adam(net.parameters(), lr)
    net.train()
    for _ in range(epochs):
        for x, y in loader:
            opt.zero_grad()
            F.cross_entropy(net(x), y).backward()
            opt.step()


@torch.no_grad()
def accuracy(net, x, y, fn=None):
    net.eval()
    return ((fn or net)(x).argmax(1) == y).float().mean().item()


def main(bits=2):
    torch.manual_seed(0)
    d = load_digits()
    x, y = torch.tensor(d.data, dtype=torch.float32) / 16, torch.tensor(d.target)
    p = torch.randperm(len(x))
    tr, te = p[:1300], p[1300:]
    loader = DataLoader(TensorDataset(x[tr], y[tr]), 64, shuffle=True)

    net = Net(bits)
    train(net, loader, 12, 3e-3)
    print(f"float:                         {accuracy(net, x[te], y[te]):.3f}")

    net.set(observe=True).train()
    with torch.no_grad():                          # calibration: training data, nothing learned
        for xb, _ in loader:
            net(xb)
    ptq = copy.deepcopy(net).set(observe=False, quantise=True)
    print(f"{bits} bit after training:          {accuracy(ptq, x[te], y[te]):.3f}")

    net.set(quantise=True)
    train(net, loader, 8, 1e-3)
    print(f"{bits} bit quantisation-aware:      {accuracy(net, x[te], y[te]):.3f}")
    print(f"{bits} bit in integer arithmetic:   {accuracy(net, x[te], y[te], net.integer):.3f}")
    with torch.no_grad():
        agree = (net(x[te]).argmax(1) == net.integer(x[te]).argmax(1)).float().mean().item()
    print(f"simulated and integer results agree on {agree:.1%} of the samples")


if __name__ == "__main__":
    main()
