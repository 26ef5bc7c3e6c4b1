"""Quantisation-aware training by hand: straight-through fake quantisation of weights and activations."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class RoundSTE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.round()

    @staticmethod
    def backward(ctx, grad):
        return grad


def fake_quant(x, scale, lo, hi):
    return RoundSTE.apply((x / scale).clamp(lo, hi)) * scale


class QLinear(nn.Linear):
    def __init__(self, i, o, w_bits=4, a_bits=4):
        super().__init__(i, o)
        self.w_max, self.a_max = 2 ** (w_bits - 1) - 1, 2 ** a_bits - 1
        self.register_buffer("act_range", torch.tensor(0.0))
        self.enabled = False

    def forward(self, x):
        if self.training:                                   # inputs here are non-negative
            with torch.no_grad():
                peak = x.amax()
                self.act_range.copy_(peak if self.act_range == 0 else 0.95 * self.act_range + 0.05 * peak)
        if not self.enabled:
            return super().forward(x)
        w_scale = self.weight.detach().abs().amax(1, keepdim=True).clamp_min(1e-8) / self.w_max
        a_scale = self.act_range.clamp_min(1e-8) / self.a_max
        return F.linear(fake_quant(x, a_scale, 0, self.a_max),
                        fake_quant(self.weight, w_scale, -self.w_max, self.w_max), self.bias)


def quantise(model, on=True):
    for m in model.modules():
        if isinstance(m, QLinear):
            m.enabled = on
    return model


def fit(model, x, y, epochs, lr):
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    steps = epochs * -(-len(x) // 64)
    sched = torch.optim.lr_scheduler.LinearLR(opt, 1.0, 0.1, total_iters=steps)
    for _ in range(epochs):
        model.train()
        for b in torch.randperm(len(x)).split(64):
            opt.zero_grad()
            F.cross_entropy(model(x[b]), y[b]).backward()
            opt.step()
            sched.step()


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(0)
    X, y = load_digits(return_X_y=True)
    Xtr, Xte, ytr, yte = train_test_split(X / 16.0, y, test_size=0.3, stratify=y, random_state=0)
    Xtr, Xte = (torch.tensor(a, dtype=torch.float32) for a in (Xtr, Xte))
    ytr, yte = torch.tensor(ytr), torch.tensor(yte)
    net = nn.Sequential(QLinear(64, 64), nn.ReLU(), QLinear(64, 64), nn.ReLU(), QLinear(64, 10))
    fit(net, Xtr, ytr, epochs=20, lr=3e-3)
    print(f"float32               test {accuracy(net, Xte, yte):.3f}")
    quantise(net)
    print(f"4 bit, no retraining  test {accuracy(net, Xte, yte):.3f}")
    fit(net, Xtr, ytr, epochs=10, lr=1e-3)
    print(f"4 bit, QAT            test {accuracy(net, Xte, yte):.3f}")
    codes = torch.cat([(m.weight / (m.weight.abs().amax(1, keepdim=True) / m.w_max)).round().unique()
                       for m in net if isinstance(m, QLinear)]).unique()
    print("weight levels in use:", len(codes))


if __name__ == "__main__":
    main()
