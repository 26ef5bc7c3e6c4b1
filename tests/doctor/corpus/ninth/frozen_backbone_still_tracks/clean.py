import torch
import torch.nn as nn


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(),
            nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU(),
        )

    def forward(self, x):
        return self.layers(x)


class TwoTask(nn.Module):
    """One backbone, a head for the first site, a head for the second."""

    def __init__(self):
        super().__init__()
        self.backbone = Backbone()
        self.heads = nn.ModuleList([nn.Linear(32, 4), nn.Linear(32, 4)])

    def forward(self, x, site):
        return self.heads[site](self.backbone(x))


def batches(x, y, size):
    for idx in torch.randperm(len(x)).split(size):
        yield x[idx], y[idx]


def score(model, x, y, site):
    model.eval()
    with torch.no_grad():
        return (model(x, site).argmax(1) == y).float().mean().item()


def fit_site(model, data, site, epochs, frozen):
    for p in model.backbone.parameters():
        p.requires_grad_(not frozen)
    opt = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=2e-3)
    ce = nn.CrossEntropyLoss()
    for _ in range(epochs):
        model.train()
        if frozen:
            model.backbone.eval()
        for xb, yb in batches(*data, 50):
            opt.zero_grad()
            ce(model(xb, site), yb).backward()
            opt.step()


def site_data(n, rule, shift, gain):
    z = torch.randn(n, 20)
    y = (z @ rule).argmax(1)
    return gain * z + shift, y


torch.manual_seed(14)
rule = torch.randn(20, 4)
first_train, first_val = site_data(2000, rule, 0.0, 1.0), site_data(500, rule, 0.0, 1.0)
second_train, second_val = site_data(600, rule, 0.8, 1.6), site_data(500, rule, 0.8, 1.6)

model = TwoTask()
fit_site(model, first_train, site=0, epochs=10, frozen=False)
print(f"site one after its training:  {score(model, *first_val, 0):.3f}")
fit_site(model, second_train, site=1, epochs=10, frozen=True)
print(f"site two with shared backbone: {score(model, *second_val, 1):.3f}")
print(f"site one, same head as before: {score(model, *first_val, 0):.3f}")
