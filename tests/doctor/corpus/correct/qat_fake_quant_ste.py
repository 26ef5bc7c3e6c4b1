"""Quantisation-aware training by hand: fake quantisation with a straight-through estimate."""
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(0)


def fake_quant(x, scale, lo, hi):
    q = (x / scale).round().clamp(lo, hi) * scale
    inside = x.clamp(lo * scale, hi * scale)      # the gradient passes inside the range alone
    return inside + (q - inside).detach()


class QLinear(nn.Linear):
    def __init__(self, i, o, bits=3, act_bits=4):
        super().__init__(i, o)
        self.wmax, self.amax, self.enabled = 2 ** (bits - 1) - 1, 2 ** act_bits - 1, True
        self.register_buffer("act_top", torch.tensor(0.0))

    def forward(self, x):
        if not self.enabled:
            return super().forward(x)
        if self.training:                          # the observer is still in evaluation
            with torch.no_grad():
                top = x.amax()
                self.act_top.copy_(top if self.act_top == 0 else 0.95 * self.act_top + 0.05 * top)
        x = fake_quant(x, (self.act_top / self.amax).clamp_min(1e-8), 0, self.amax)      # inputs are never negative
        scale = self.weight.detach().abs().amax(1, keepdim=True) / self.wmax             # per output channel
        return F.linear(x, fake_quant(self.weight, scale, -self.wmax, self.wmax), self.bias)


def switch(net, on):
    for m in net.modules():
        if isinstance(m, QLinear):
            m.enabled = on
    return net


def fit(net, x, y, epochs, lr):
    opt = torch.optim.Adam(net.parameters(), lr=lr)
    for _ in range(epochs):
        net.train()
        for i in torch.randperm(len(x)).split(64):
            opt.zero_grad()
            F.cross_entropy(net(x[i]), y[i]).backward()
            opt.step()
    return net


@torch.no_grad()
def acc(net, x, y):
    net.eval()
    return (net(x).argmax(1) == y).float().mean().item()


X, y = load_digits(return_X_y=True)
a, b, c, d = train_test_split(X / 16, y, test_size=0.25, stratify=y, random_state=0)
xt, xe, yt, ye = torch.tensor(a).float(), torch.tensor(b).float(), torch.tensor(c), torch.tensor(d)
net = nn.Sequential(QLinear(64, 48), nn.ReLU(), QLinear(48, 10))
fit(switch(net, False), xt, yt, 6, 3e-3)
print("float", acc(net, xe, ye))

ptq = switch(copy.deepcopy(net), True)
ptq.train()
with torch.no_grad():
    ptq(xt)                                        # calibration on training data
print("post-training", acc(ptq, xe, ye))
print("aware", acc(fit(switch(net, True), xt, yt, 6, 1e-3), xe, ye))
