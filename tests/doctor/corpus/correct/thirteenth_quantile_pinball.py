import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(66)

QUANTILES = torch.tensor([0.1, 0.5, 0.9])


def pinball(pred, target, q):
    # pred (n, k), target (n, 1)
    err = target - pred
    return torch.maximum(q * err, (q - 1) * err).mean()


class QuantileNet(nn.Module):
    """Predicts the lowest quantile and non-negative increments, so quantiles never cross."""

    def __init__(self, k, width=32):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(1, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh())
        self.out = nn.Linear(width, k)

    def forward(self, x):
        raw = self.out(self.body(x))
        steps = torch.cat([raw[:, :1], F.softplus(raw[:, 1:])], dim=1)
        return steps.cumsum(dim=1)


def draw(n):
    x = 4 * torch.rand(n, 1) - 2
    return x, torch.sin(2 * x) + (0.1 + 0.3 * x.abs()) * torch.randn(n, 1)


x_train, y_train = draw(1500)
x_test, y_test = draw(1500)

net = QuantileNet(len(QUANTILES))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
sched = torch.optim.lr_scheduler.StepLR(opt, step_size=15, gamma=0.3)

for epoch in range(30):
    net.train()
    total = 0.0
    for idx in torch.randperm(len(x_train)).split(100):
        loss = pinball(net(x_train[idx]), y_train[idx], QUANTILES)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    sched.step()
    if (epoch + 1) % 10 == 0:
        print(f"epoch {epoch + 1} pinball {total / len(x_train):.4f}")

net.eval()
with torch.no_grad():
    pred = net(x_test)
    below = (y_test <= pred).float().mean(dim=0)
for q, c in zip(QUANTILES.tolist(), below.tolist()):
    print(f"nominal {q:.2f}  empirical {c:.3f}")
