"""Ordinal regression: K-1 cumulative logits with shared weights (CORAL)."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
K = 5
w = torch.randn(8)
x = torch.randn(2000, 8)
score = x @ w + 0.4 * torch.randn(2000)
cuts = torch.tensor([-3.0, -1.0, 1.0, 3.0])
y = torch.bucketize(score, cuts)                       # 0..4
xt, xv, xe = x.split([1200, 400, 400])
yt, yv, ye = y.split([1200, 400, 400])


class Coral(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1, bias=False))
        self.bias = nn.Parameter(torch.arange(K - 1, 0, -1).float() / (K - 1))

    def forward(self, x):
        return self.body(x) + self.bias                # (n, 1) + (K-1,) -> (n, K-1), wanted


def levels(y):
    return (y.unsqueeze(1) > torch.arange(K - 1)).float()


def coral_loss(logits, y):
    return F.binary_cross_entropy_with_logits(logits, levels(y), reduction="none").sum(1).mean()


@torch.no_grad()
def evaluate(net, x, y):
    net.eval()
    logits = net(x)
    rank = (logits > 0).sum(1)
    return coral_loss(logits, y).item(), (rank - y).abs().float().mean().item(), (rank == y).float().mean().item()


net = Coral()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
best = (float("inf"),)
for epoch in range(20):
    net.train()
    for i in torch.randperm(len(xt)).split(100):
        loss = coral_loss(net(xt[i]), yt[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    v = evaluate(net, xv, yv)[0]
    if v < best[0]:
        best = v, {k: t.clone() for k, t in net.state_dict().items()}
net.load_state_dict(best[1])
_, mae, acc = evaluate(net, xe, ye)
print(f"val loss {best[0]:.3f}; test MAE {mae:.3f} exact {acc:.3f}")
print("thresholds fall:", bool((net.bias.diff() < 0).all()))
