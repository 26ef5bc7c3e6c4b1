"""Transfer: a backbone trained on task A, then a head on task B, then the upper layer too."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
MIX = torch.randn(6, 20)


def task(n, classes, seed):
    g = torch.Generator().manual_seed(seed)
    c = torch.randn(classes, 6, generator=torch.Generator().manual_seed(100 + classes)) * 1.5
    y = torch.randint(classes, (n,), generator=g)
    z = c[y] + torch.randn(n, 6, generator=g)
    return z @ MIX, y


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.low = nn.Sequential(nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU())
        self.high = nn.Sequential(nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU())

    def forward(self, x):
        return self.high(self.low(x))


class Classifier(nn.Module):
    def __init__(self, backbone, k):
        super().__init__()
        self.backbone, self.head = backbone, nn.Linear(32, k)

    def forward(self, x):
        return self.head(self.backbone(x))

    def train(self, mode=True):
        """Batch norm of a frozen part keeps its running statistics."""
        super().train(mode)
        for part in (self.backbone.low, self.backbone.high):
            if not any(p.requires_grad for p in part.parameters()):
                part.eval()
        return self


def run(model, opt, data, val, epochs, tag):
    (x, y), (xv, yv) = data, val
    for _ in range(epochs):
        model.train()
        for idx in torch.randperm(len(x)).split(50):
            if len(idx) < 2:
                continue
            opt.zero_grad()
            F.cross_entropy(model(x[idx]), y[idx]).backward()
            opt.step()
    model.eval()
    with torch.no_grad():
        print(f"{tag}: val acc {(model(xv).argmax(1) == yv).float().mean().item():.3f}")


bb = Backbone()
source = Classifier(bb, 8)
run(source, torch.optim.Adam(source.parameters(), lr=2e-3), task(2000, 8, 1), task(500, 8, 2), 5, "source")

target = Classifier(bb, 5)
small, val = task(200, 5, 3), task(500, 5, 4)
bb.requires_grad_(False)
opt = torch.optim.Adam(target.head.parameters(), lr=1e-2)
stats = bb.low[1].running_mean.clone()
run(target, opt, small, val, 10, "head only")
assert torch.equal(stats, bb.low[1].running_mean)

bb.high.requires_grad_(True)
opt.add_param_group({"params": bb.high.parameters(), "lr": 5e-4})
for g in opt.param_groups[:1]:
    g["lr"] = 2e-3
run(target, opt, small, val, 8, "head + high")
