"""Ordinal regression (cumulative logits with shared weights) for 1-5 star ratings."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

STARS = 5

torch.manual_seed(17)
X = torch.randn(1600, 8)
score = X @ torch.tensor([1.2, -0.8, 0.5, 0.0, 0.9, 0.0, -0.4, 0.3]) + 0.4 * X[:, 0] * X[:, 1] + 0.5 * torch.randn(1600)
rating = torch.bucketize(score, torch.tensor([-2.0, -0.7, 0.5, 1.8]))  # 0..4
X_train, r_train = X[:1000], rating[:1000]
X_val, r_val = X[1000:1300], rating[1000:1300]
X_test, r_test = X[1300:], rating[1300:]


def to_levels(r):
    # rating 3 of 0..4 -> [1, 1, 1, 0]
    return (r.unsqueeze(1) > torch.arange(STARS - 1)).float()


class OrdinalNet(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(d, 32), nn.ReLU(), nn.Linear(32, 1, bias=False))
        self.first = nn.Parameter(torch.tensor(-1.5))
        self.gaps = nn.Parameter(torch.zeros(STARS - 2))

    def forward(self, x):
        # softplus keeps the thresholds in increasing order
        steps = torch.cat([self.first.unsqueeze(0), F.softplus(self.gaps)])
        return self.body(x) - steps.cumsum(0)


def predict(logits):
    return (logits > 0).sum(dim=1)


model = OrdinalNet(X.size(1))
opt = torch.optim.Adam(model.parameters(), lr=0.01)
best_mae, best_state = np.inf, None

for epoch in range(25):
    model.train()
    for idx in torch.randperm(len(X_train)).split(100):
        loss = F.binary_cross_entropy_with_logits(model(X_train[idx]), to_levels(r_train[idx]))
        opt.zero_grad()
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        mae = (predict(model(X_val)) - r_val).abs().float().mean().item()
    if mae < best_mae:
        best_mae = mae
        best_state = {k: v.clone() for k, v in model.state_dict().items()}

model.load_state_dict(best_state)
model.eval()
with torch.no_grad():
    pred = predict(model(X_test))
print(f"best validation MAE {best_mae:.3f} stars")
print(f"test MAE {(pred - r_test).abs().float().mean():.3f}, exact {(pred == r_test).float().mean():.3f}")
print("majority baseline exact", round((r_test == r_train.mode().values).float().mean().item(), 3))
