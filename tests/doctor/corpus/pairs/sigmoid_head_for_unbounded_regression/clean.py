import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(28)
hours = torch.rand(500, 1) * 10
sleep = torch.rand(500, 1) * 8
score = 5 * hours + 3 * sleep + torch.randn(500, 1) * 2
feats = torch.cat([hours, sleep], 1)
mu, sd = feats[:400].mean(0), feats[:400].std(0)
feats = (feats - mu) / sd
loader = DataLoader(TensorDataset(feats[:400], score[:400]), 40, shuffle=True)

model = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.Adam(model.parameters(), lr=2e-2)
crit = nn.SmoothL1Loss()
for epoch in range(10):
    model.train()
    for xb, yb in loader:
        opt.zero_grad()
        crit(model(xb), yb).backward()
        opt.step()
model.eval()
with torch.no_grad():
    print("test error", crit(model(feats[400:]), score[400:]).item())
