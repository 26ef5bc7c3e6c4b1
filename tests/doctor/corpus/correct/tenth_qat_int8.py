"""Quantisation-aware training with a straight-through estimator, then true integer inference."""
import torch
import torch.nn.functional as F
from torch import nn


class FakeQuant(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale, zero, lo, hi):
        q = torch.round(x / scale) + zero
        ctx.save_for_backward((q >= lo) & (q <= hi))
        return (q.clamp(lo, hi) - zero) * scale

    @staticmethod
    def backward(ctx, grad):
        (inside,) = ctx.saved_tensors
        return grad * inside, None, None, None, None


class ActObserver(nn.Module):
    """Running range of an activation; unsigned 8 bit, affine."""

    def __init__(self, momentum=0.05):
        super().__init__()
        self.momentum = momentum
        self.register_buffer("low", torch.zeros(()))
        self.register_buffer("high", torch.zeros(()))
        self.register_buffer("seen", torch.tensor(False))

    @torch.no_grad()
    def observe(self, x):
        low, high = x.min().clamp(max=0.0), x.max().clamp(min=0.0)
        weight = self.momentum if self.seen else 1.0
        self.low.lerp_(low, weight)
        self.high.lerp_(high, weight)
        self.seen.fill_(True)

    def qparams(self):
        scale = ((self.high - self.low) / 255).clamp(min=1e-8)
        return scale, torch.round(-self.low / scale)

    def forward(self, x):
        if self.training:
            self.observe(x)
        return FakeQuant.apply(x, *self.qparams(), 0, 255)


class QLinear(nn.Linear):
    def __init__(self, n_in, n_out):
        super().__init__(n_in, n_out)
        self.act = ActObserver()

    def weight_scale(self):
        return self.weight.detach().abs().amax(dim=1, keepdim=True).clamp(min=1e-8) / 127

    def forward(self, x):
        w = FakeQuant.apply(self.weight, self.weight_scale(), 0.0, -127, 127)
        return F.linear(self.act(x), w, self.bias)

    @torch.no_grad()
    def integer_forward(self, x):
        scale, zero = self.act.qparams()
        xq = (torch.round(x / scale) + zero).clamp(0, 255).to(torch.int32) - zero.to(torch.int32)
        wq = torch.round(self.weight / self.weight_scale()).to(torch.int32)
        return (xq @ wq.T).float() * scale * self.weight_scale().T + self.bias


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = QLinear(10, 32), QLinear(32, 4)

    def forward(self, x):
        return self.b(F.relu(self.a(x)))

    def integer_forward(self, x):
        return self.b.integer_forward(F.relu(self.a.integer_forward(x)))


def accuracy(logits, y):
    return (logits.argmax(1) == y).float().mean().item()


torch.manual_seed(12)
teacher = torch.randn(10, 4)
x = torch.randn(1800, 10)
y = (x.tanh() @ teacher + 0.3 * torch.randn(1800, 4)).argmax(1)
x_train, y_train, x_test, y_test = x[:1400], y[:1400], x[1400:], y[1400:]

net = Net()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(8):
    net.train()
    total = 0.0
    for idx in torch.randperm(len(x_train)).split(70):
        loss = F.cross_entropy(net(x_train[idx]), y_train[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    print(f"epoch {epoch} loss {total / len(x_train):.4f}")

net.eval()
with torch.no_grad():
    simulated, integer = net(x_test), net.integer_forward(x_test)
print(f"fake-quant acc {accuracy(simulated, y_test):.3f}, int8 acc {accuracy(integer, y_test):.3f}")
print(f"largest logit difference {(simulated - integer).abs().max().item():.2e}")
