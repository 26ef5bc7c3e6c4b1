import torch
import torch.nn as nn
from sklearn.metrics import r2_score
from sklearn.datasets import load_diabetes

torch.manual_seed(26)

# 当前任务：疾病进展回归
X, y = load_diabetes(return_X_y=True)
X = torch.tensor(X, dtype=torch.float32)
y = torch.tensor(y, dtype=torch.float32).view(-1, 1)
perm = torch.randperm(len(X))
tr, te = perm[:330], perm[330:]
mx, sx = X[tr].mean(0), X[tr].std(0)
my, sy = y[tr].mean(), y[tr].std()
Xn = (X - mx) / sx
yn = (y - my) / sy

model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 1))
opt = torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-3)
lossf = nn.L1Loss()

# 训练
for epoch in range(60):
    model.train()
    order = tr[torch.randperm(len(tr))]
    for b in order.split(33):
        opt.zero_grad()
        lossf(model(Xn[b]), yn[b]).backward()
        opt.step()

# 评估（换回原单位）
model.eval()
with torch.no_grad():
    pred = model(Xn[te]) * sy + my
print('R2', r2_score(pred.numpy(), y[te].numpy()))
print('MAE', (pred - y[te]).abs().mean().item())
