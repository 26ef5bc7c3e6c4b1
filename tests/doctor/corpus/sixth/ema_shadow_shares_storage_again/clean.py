import torch
import torch.nn as nn
import torch.nn.functional as F


class WeightAverage(object):
    def __init__(self, model, decay=0.98):
        self.decay = decay
        self.shadow = {}
        self.backup = {}
        for name, p in model.named_parameters():
            if p.requires_grad:
                self.shadow[name] = p.data.clone()

    def update(self, model):
        for name, p in model.named_parameters():
            if name in self.shadow:
                self.shadow[name].lerp_(p.data, 1.0 - self.decay)

    def apply_to(self, model):
        for name, p in model.named_parameters():
            if name in self.shadow:
                self.backup[name] = p.data
                p.data = self.shadow[name]

    def restore(self, model):
        for name, p in model.named_parameters():
            if name in self.backup:
                p.data = self.backup[name]
        self.backup = {}


def batches(x, y, size):
    order = torch.randperm(x.size(0))
    for i in range(0, x.size(0), size):
        sel = order[i:i + size]
        yield x[sel], y[sel]


def evaluate(model, x, y):
    model.eval()
    with torch.no_grad():
        return F.mse_loss(model(x), y).item()


torch.manual_seed(13)
x = torch.rand(700, 4) * 4 - 2
y = (x[:, 0] * torch.cos(x[:, 1]) + x[:, 2]).unsqueeze(1) + 0.3 * torch.randn(700, 1)
model = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
average = WeightAverage(model)

for epoch in range(12):
    model.train()
    for xb, yb in batches(x[:500], y[:500], 20):
        optimizer.zero_grad()
        loss = F.mse_loss(model(xb), yb)
        loss.backward()
        optimizer.step()
        average.update(model)
    raw = evaluate(model, x[500:], y[500:])
    average.apply_to(model)
    smooth = evaluate(model, x[500:], y[500:])
    average.restore(model)
    print("epoch %d raw %.4f averaged %.4f" % (epoch, raw, smooth))
