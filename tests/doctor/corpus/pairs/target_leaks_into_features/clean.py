import numpy as np
import torch
import torch.nn as nn

rng = np.random.default_rng(77)
torch.manual_seed(77)
n = 500
age = rng.uniform(20, 70, n)
income = rng.normal(50, 15, n)
noise = rng.normal(0, 1, n)
churn = (0.03 * (age - 45) - 0.02 * (income - 50) + noise > 0).astype("float32")
table = np.stack([age, income, rng.normal(size=n), churn], axis=1).astype("float32")
columns = ["age", "income", "usage", "churn"]

target = torch.from_numpy(table[:, columns.index("churn")])
feature_names = [c for c in columns if c != "churn"]
x = torch.from_numpy(table[:, [columns.index(c) for c in feature_names]])
m, s = x[:400].mean(0), x[:400].std(0)
x = (x - m) / s

model = nn.Sequential(nn.Linear(x.shape[1], 16), nn.ReLU(), nn.Linear(16, 1), nn.Flatten(0))
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
bce = nn.BCEWithLogitsLoss()
for epoch in range(8):
    model.train()
    for b in torch.randperm(400).split(40):
        opt.zero_grad()
        bce(model(x[b]), target[b]).backward()
        opt.step()
model.eval()
with torch.no_grad():
    print("val acc", ((model(x[400:]) > 0).float() == target[400:]).float().mean().item())
