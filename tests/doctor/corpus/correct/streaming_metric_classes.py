"""Metrics as accumulating objects: counts are summed, ratios are taken at the end."""
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class Metric:
    def reset(self): raise NotImplementedError
    def update(self, logits, target): raise NotImplementedError
    def compute(self): raise NotImplementedError


class MeanLoss(Metric):
    def __init__(self, fn):
        self.fn = fn
        self.reset()

    def reset(self):
        self.total, self.n = 0.0, 0

    def update(self, logits, target):
        self.total += self.fn(logits, target).item()       # fn sums over the batch
        self.n += len(target)

    def compute(self):
        return self.total / self.n


class Confusion(Metric):
    def __init__(self, k):
        self.k = k
        self.reset()

    def reset(self):
        self.m = torch.zeros(self.k, self.k, dtype=torch.long)

    def update(self, logits, target):
        flat = target * self.k + logits.argmax(1)
        self.m += torch.bincount(flat, minlength=self.k ** 2).view(self.k, self.k)       # row: truth, column: prediction

    def compute(self):
        m = self.m.double()
        tp = m.diag()
        prec = tp / m.sum(0).clamp_min(1)
        rec = tp / m.sum(1).clamp_min(1)
        f1 = 2 * prec * rec / (prec + rec).clamp_min(1e-12)
        return {"acc": (tp.sum() / m.sum()).item(), "balanced": rec.mean().item(), "macro_f1": f1.mean().item()}


class TopK(Metric):
    def __init__(self, k):
        self.k = k
        self.reset()

    def reset(self):
        self.ok = self.n = 0

    def update(self, logits, target):
        self.ok += (logits.topk(self.k, 1).indices == target[:, None]).any(1).sum().item()
        self.n += target.numel()

    def compute(self):
        return self.ok / self.n


torch.manual_seed(0)
K = 6
centres = torch.randn(K, 8)
p = torch.tensor([0.4, 0.25, 0.15, 0.1, 0.06, 0.04])
y = torch.multinomial(p, 2000, replacement=True)
x = centres[y] + 0.9 * torch.randn(2000, 8)
train = DataLoader(TensorDataset(x[:1500], y[:1500]), batch_size=64, shuffle=True, drop_last=True)
val = DataLoader(TensorDataset(x[1500:], y[1500:]), batch_size=128)
net = nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, K))
opt = torch.optim.NAdam(net.parameters(), lr=3e-3)
metrics = {"loss": MeanLoss(nn.CrossEntropyLoss(reduction="sum")), "cm": Confusion(K), "top2": TopK(2)}
crit = nn.CrossEntropyLoss()
for epoch in range(6):
    net.train()
    for xb, yb in train:
        opt.zero_grad()
        crit(net(xb), yb).backward()
        opt.step()
    net.eval()
    for m in metrics.values():
        m.reset()
    with torch.inference_mode():
        for xb, yb in val:
            out = net(xb)
            for m in metrics.values():
                m.update(out, yb)
    print(epoch, {k: m.compute() for k, m in metrics.items()})
