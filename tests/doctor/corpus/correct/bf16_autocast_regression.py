import torch
from torch import nn

torch.manual_seed(0)
n, d = 600, 12
X = torch.randn(n, d)
w = torch.randn(d)
Y = X @ w + 0.1 * torch.randn(n)
train_idx, test_idx = torch.arange(0, 480), torch.arange(480, 600)
mu, sd = X[train_idx].mean(0), X[train_idx].std(0)
ym, ys = Y[train_idx].mean(), Y[train_idx].std()
Xn, Yn = (X - mu) / sd, (Y - ym) / ys

model = nn.Sequential(nn.Linear(d, 64), nn.SiLU(), nn.Linear(64, 1))
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(6):
    model.train()
    for chunk in torch.randperm(len(train_idx)).split(60):
        rows = train_idx[chunk]
        opt.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            pred = model(Xn[rows]).squeeze(1)
        loss = nn.functional.mse_loss(pred.float(), Yn[rows])
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        pred = model(Xn[test_idx]).squeeze(1)
    rmse = ((pred.float() * ys + ym - Y[test_idx]) ** 2).mean().sqrt()
    print(f"epoch {epoch} rmse {rmse:.3f}")
