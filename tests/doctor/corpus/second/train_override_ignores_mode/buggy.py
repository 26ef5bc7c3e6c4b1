import torch
import torch.nn as nn


class Tuned(nn.Module):
    """A trunk with settled normalisation under a fresh head."""

    def __init__(self, trunk, width, classes):
        super().__init__()
        self.trunk = trunk
        self.head = nn.Sequential(nn.Dropout(0.5), nn.Linear(width, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, classes))

    def train(self, mode=True):
        super().train()
        for m in self.trunk.modules():
            if isinstance(m, nn.BatchNorm1d):
                m.eval()
        return self

    def forward(self, x):
        return self.head(self.trunk(x))


def pretrain(x, t, width):
    trunk = nn.Sequential(nn.Linear(x.shape[1], width), nn.BatchNorm1d(width), nn.ReLU())
    out = nn.Linear(width, t.shape[1])
    opt = torch.optim.Adam([*trunk.parameters(), *out.parameters()], lr=1e-2)
    trunk.train()
    for _ in range(5):
        for idx in torch.randperm(len(x)).split(50):
            opt.zero_grad()
            nn.functional.mse_loss(out(trunk(x[idx])), t[idx]).backward()
            opt.step()
    return trunk


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


torch.manual_seed(90)
x = torch.randn(900, 10)
trunk = pretrain(x[:500], torch.stack([x[:500, 0] * x[:500, 1], x[:500, 2].abs()], 1), 48)
y = ((x[:, 0] * x[:, 1] > 0).long() + (x[:, 2].abs() > 1).long())
model = Tuned(trunk, 48, 3)
opt = torch.optim.AdamW(model.parameters(), lr=3e-3)
for epoch in range(12):
    model.train()
    for idx in torch.randperm(500).split(50):
        opt.zero_grad()
        nn.functional.cross_entropy(model(x[idx]), y[idx]).backward()
        opt.step()
print("val acc", accuracy(model, x[500:], y[500:]))
