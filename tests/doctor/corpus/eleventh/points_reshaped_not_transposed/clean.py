import torch
from torch import nn


class PointNetLite(nn.Module):
    """Shared MLP on every point, max pooling, classifier."""

    def __init__(self, n_classes):
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Conv1d(3, 32, 1), nn.BatchNorm1d(32), nn.ReLU(),
            nn.Conv1d(32, 64, 1), nn.BatchNorm1d(64), nn.ReLU(),
            nn.Conv1d(64, 128, 1),
        )
        self.cls = nn.Sequential(nn.Linear(128, 64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, n_classes))

    def forward(self, pts):                       # pts: (B, N, 3)
        b, n, _ = pts.shape
        h = self.mlp(pts.transpose(1, 2))
        return self.cls(h.max(dim=2).values)


def cloud(kind, n, gen):
    """0 sphere, 1 cube surface, 2 cylinder; all about the same size"""
    u = torch.randn(n, 3, generator=gen)
    if kind == 0:
        p = u / u.norm(dim=1, keepdim=True)
    elif kind == 1:
        p = (torch.rand(n, 3, generator=gen) * 2 - 1) * 0.8
        p[torch.arange(n), torch.randint(0, 3, (n,), generator=gen)] = 0.8 * torch.sign(u[:, 0])
    else:
        r = u[:, :2] / u[:, :2].norm(dim=1, keepdim=True) * 0.8
        p = torch.cat([r, torch.rand(n, 1, generator=gen) * 2 - 1], 1)
    return p + 0.03 * torch.randn(n, 3, generator=gen)


def build(n, gen, points=96):
    y = torch.randint(0, 3, (n,), generator=gen)
    return torch.stack([cloud(int(k), points, gen) for k in y]), y


class Trainer:
    def __init__(self, model, lr):
        self.model = model
        self.opt = torch.optim.Adam(model.parameters(), lr=lr)
        self.loss = nn.CrossEntropyLoss()

    def fit_epoch(self, x, y, bs=32):
        self.model.train()
        for idx in torch.randperm(len(x)).split(bs):
            self.opt.zero_grad()
            loss = self.loss(self.model(x[idx]), y[idx])
            loss.backward()
            self.opt.step()
        return loss.item()

    @torch.no_grad()
    def accuracy(self, x, y):
        self.model.eval()
        return (self.model(x).argmax(1) == y).float().mean().item()


if __name__ == "__main__":
    torch.manual_seed(1)
    gen = torch.Generator().manual_seed(1)
    x_tr, y_tr = build(320, gen)
    x_te, y_te = build(100, gen)
    t = Trainer(PointNetLite(3), 2e-3)
    for e in range(5):
        l = t.fit_epoch(x_tr, y_tr)
        print(e, f"{l:.3f}", f"acc {t.accuracy(x_te, y_te):.3f}")
