import numpy as np
import torch
import torch.nn as nn
from sklearn.metrics import roc_auc_score

# 독성 예측: 화합물마다 일부 시험 결과만 있다
rng = np.random.default_rng(12)
torch.manual_seed(12)


def make_assays(n, tasks=4, missing=0.75):
    x = rng.normal(size=(n, 15)).astype(np.float32)
    w = np.random.default_rng(0).normal(size=(15, tasks))
    full = (x @ w + 0.5 * rng.normal(size=(n, tasks)) > 0).astype(np.float32)
    seen = full.copy()
    # 위험해 보이는 화합물일수록 시험을 덜 받는다
    p = missing * (0.6 + 0.8 * (x[:, :1] > 0) * (np.arange(tasks) % 2 == 0))
    seen[rng.random((n, tasks)) < np.clip(p, 0, 0.97)] = np.nan
    return torch.from_numpy(x), torch.from_numpy(seen), full


class ToxNet(nn.Module):
    def __init__(self, n_in, n_tasks):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(n_in, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, n_tasks))

    def forward(self, x):
        return self.layers(x)


def assay_loss(logits, labels):
    known = ~torch.isnan(labels)
    target = torch.nan_to_num(labels, nan=0.0)
    each = nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (each * known).sum() / known.sum().clamp(min=1)


x, y, _ = make_assays(1200)
x_test, _, y_test = make_assays(500)
model = ToxNet(15, 4)
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(12):
    model.train()
    for idx in torch.randperm(len(x)).split(60):
        opt.zero_grad()
        loss = assay_loss(model(x[idx]), y[idx])
        loss.backward()
        opt.step()

model.eval()
with torch.no_grad():
    prob = torch.sigmoid(model(x_test)).numpy()
auc = [roc_auc_score(y_test[:, t], prob[:, t]) for t in range(4)]
print("작업별 AUC:", [round(float(a), 3) for a in auc])
print("평균 예측 확률", round(float(prob.mean()), 3), "실제 비율", round(float(y_test.mean()), 3))
