"""Quantisation-aware training: fake quantisation with a straight-through estimator written as autograd Functions."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class RoundSTE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return torch.round(x)

    @staticmethod
    def backward(ctx, grad):
        return grad  # rounding is treated as the identity


class ClampSTE(torch.autograd.Function):
    """Clamp whose gradient is cut outside the range."""

    @staticmethod
    def forward(ctx, x, lo, hi):
        ctx.save_for_backward((x >= lo) & (x <= hi))
        return x.clamp(lo, hi)

    @staticmethod
    def backward(ctx, grad):
        (inside,) = ctx.saved_tensors
        return grad * inside, None, None


def fake_quant(x, scale, qmin, qmax):
    return ClampSTE.apply(RoundSTE.apply(x / scale), qmin, qmax) * scale


class ActObserver(nn.Module):
    """Running maximum of the activations, moved in training mode and only then."""

    def __init__(self, bits, momentum=0.1):
        super().__init__()
        self.qmax, self.momentum = 2 ** bits - 1, momentum
        self.register_buffer("amax", torch.tensor(0.0))
        self.enabled = True

    def forward(self, x):
        if self.training:
            peak = x.detach().amax()
            self.amax.copy_(torch.where(self.amax == 0, peak, torch.lerp(self.amax, peak, self.momentum)))
        if not self.enabled:
            return x
        return fake_quant(x, self.amax.clamp_min(1e-8) / self.qmax, 0, self.qmax)


class QLinear(nn.Linear):
    def __init__(self, *args, bits=3, **kwargs):
        super().__init__(*args, **kwargs)
        self.qmax = 2 ** (bits - 1) - 1
        self.enabled = True

    def forward(self, x):
        w = self.weight
        if self.enabled:
            scale = w.detach().abs().amax(dim=1, keepdim=True).clamp_min(1e-8) / self.qmax
            w = fake_quant(w, scale, -self.qmax, self.qmax)
        return F.linear(x, w, self.bias)


def set_quant(model, on):
    for m in model.modules():
        if hasattr(m, "enabled"):
            m.enabled = on


def train(model, X, y, epochs, lr):
    opt = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9, nesterov=True)
    sched = torch.optim.lr_scheduler.PolynomialLR(opt, total_iters=epochs)
    for _ in range(epochs):
        model.train()
        for idx in torch.randperm(len(X)).split(64):
            opt.zero_grad()
            F.cross_entropy(model(X[idx]), y[idx]).backward()
            opt.step()
        sched.step()


@torch.no_grad()
def accuracy(model, X, y):
    model.eval()
    return (model(X).argmax(1) == y).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(4)
    X, y = load_digits(return_X_y=True)
    X, y = torch.tensor(X, dtype=torch.float32) / 16, torch.tensor(y)
    order = torch.randperm(len(X))
    tr, te = order[:1400], order[1400:]
    model = nn.Sequential(QLinear(64, 48), nn.ReLU(), ActObserver(3), QLinear(48, 48), nn.ReLU(), ActObserver(3), QLinear(48, 10))

    set_quant(model, False)
    train(model, X[tr], y[tr], epochs=12, lr=0.05)
    print("float              %.3f" % accuracy(model, X[te], y[te]))
    set_quant(model, True)
    print("3 bits, no tuning  %.3f" % accuracy(model, X[te], y[te]))
    train(model, X[tr], y[tr], epochs=8, lr=0.02)
    print("3 bits, tuned      %.3f" % accuracy(model, X[te], y[te]))
    levels = [len(torch.unique(torch.round(m.weight[0].detach() / (m.weight[0].detach().abs().max() / m.qmax))))
              for m in model if isinstance(m, QLinear)]
    print("distinct levels in the first row of each layer:", levels)
