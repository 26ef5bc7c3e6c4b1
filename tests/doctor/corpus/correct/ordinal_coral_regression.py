import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset


class Coral(nn.Module):
    """Ordinal regression: one score, K-1 ordered thresholds."""

    def __init__(self, d, k):
        super().__init__()
        self.score = nn.Sequential(nn.Linear(d, 32), nn.ReLU(), nn.Linear(32, 1, bias=False))
        self.first = nn.Parameter(torch.tensor([1.5]))
        self.gaps = nn.Parameter(torch.zeros(k - 2))

    def forward(self, x):
        thresholds = torch.cat([self.first, self.first - F.softplus(self.gaps).cumsum(0)])
        return self.score(x) + thresholds


def levels(y, k):
    return (y[:, None] > torch.arange(k - 1)[None, :]).float()


def coral_loss(logits, y):
    target = levels(y, logits.size(1) + 1)
    log_p, log_q = F.logsigmoid(logits), F.logsigmoid(-logits)
    return -(log_p * target + log_q * (1 - target)).sum(1).mean()


def predict(logits):
    return (logits > 0).sum(1)


torch.manual_seed(3)
K = 5
x = torch.randn(700, 6)
latent = x[:, 0] + 0.5 * x[:, 1].abs() + 0.2 * torch.randn(700)
edges = torch.quantile(latent[:560], torch.linspace(0, 1, K + 1)[1:-1])
y = torch.bucketize(latent, edges)
train = DataLoader(TensorDataset(x[:560], y[:560]), batch_size=56, shuffle=True, drop_last=True)
test_x, test_y = x[560:], y[560:]
net = Coral(6, K)
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
ema_mae = None
for epoch in range(6):
    net.train()
    for xb, yb in train:
        opt.zero_grad()
        loss = coral_loss(net(xb), yb)
        loss.backward()
        opt.step()
    net.eval()
    with torch.inference_mode():
        mae = (predict(net(test_x)) - test_y).abs().float().mean().item()
    ema_mae = mae if ema_mae is None else 0.7 * ema_mae + 0.3 * mae
    print(f"{epoch} MAE {mae:.3f} smoothed {ema_mae:.3f}")
