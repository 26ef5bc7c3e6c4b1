# Two tasks from one trunk: cultivar (3 classes) and alcohol content (regression); learned loss weights
from copy import deepcopy

import numpy as np
import torch
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from torch import nn

torch.manual_seed(2)
raw = load_wine()
target_reg = raw.data[:, 0]           # alcohol becomes a target ...
features = raw.data[:, 1:]            # ... and leaves the inputs
target_cls = raw.target

idx = np.arange(len(features))
dev, test = train_test_split(idx, test_size=0.25, stratify=target_cls, random_state=2)
train, val = train_test_split(dev, test_size=0.25, stratify=target_cls[dev], random_state=2)

fm, fs = features[train].mean(0), features[train].std(0)
rm, rs = target_reg[train].mean(), target_reg[train].std()


def tensors(ids):
    return (torch.tensor((features[ids] - fm) / fs, dtype=torch.float32),
            torch.tensor(target_cls[ids]),
            torch.tensor((target_reg[ids] - rm) / rs, dtype=torch.float32))


class MultiTask(nn.Module):
    def __init__(self, d, k):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(d, 32), nn.LayerNorm(32), nn.GELU(), nn.Dropout(0.1))
        self.heads = nn.ModuleDict({"cls": nn.Linear(32, k), "reg": nn.Linear(32, 1)})
        self.log_var = nn.ParameterDict({t: nn.Parameter(torch.zeros(())) for t in ("cls", "reg")})

    def forward(self, x):
        h = self.trunk(x)
        return {"cls": self.heads["cls"](h), "reg": self.heads["reg"](h)[:, 0]}

    def loss(self, out, c, r):
        parts = {"cls": nn.functional.cross_entropy(out["cls"], c),
                 "reg": 0.5 * nn.functional.mse_loss(out["reg"], r)}
        # Kendall et al. 2018: exp(-s) L + s/2 with s = log variance
        return sum(torch.exp(-self.log_var[t]) * l + 0.5 * self.log_var[t] for t, l in parts.items())


def report(model, ids):
    model.eval()
    x, c, r = tensors(ids)
    with torch.no_grad():
        out = model(x)
    acc = (out["cls"].argmax(1) == c).float().mean().item()
    rmse = (out["reg"] - r).square().mean().sqrt().item() * rs
    return acc, rmse


model = MultiTask(features.shape[1], 3)
weights = [p for n, p in model.named_parameters() if not n.startswith("log_var")]
opt = torch.optim.AdamW([{"params": weights, "weight_decay": 1e-2},
                         {"params": model.log_var.parameters(), "weight_decay": 0.0}], lr=3e-3)
x, c, r = tensors(train)
best, saved = None, None
for epoch in range(80):
    model.train()
    for b in torch.randperm(len(x)).split(25):
        opt.zero_grad()
        model.loss(model(x[b]), c[b], r[b]).backward()
        opt.step()
    acc, rmse = report(model, val)
    score = acc - rmse / rs
    if best is None or score > best:
        best, saved = score, deepcopy(model.state_dict())
    if epoch % 20 == 19:
        sig = {t: round((0.5 * p).exp().item(), 3) for t, p in model.log_var.items()}
        print(f"epoch {epoch + 1} val acc {acc:.3f} rmse {rmse:.3f} sigma {sig}")

model.load_state_dict(saved)
acc, rmse = report(model, test)
print(f"test: accuracy {acc:.3f}, alcohol RMSE {rmse:.3f} % (predicting the mean: {np.sqrt(np.mean((target_reg[test] - rm) ** 2)):.3f})")
