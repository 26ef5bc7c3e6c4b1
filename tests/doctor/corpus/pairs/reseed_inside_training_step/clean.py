import torch
import torch.nn as nn


def get_batch(x, y, size):
    i = torch.randint(0, len(x), (size,))
    return x[i], y[i]


torch.manual_seed(0)
x = torch.randn(500, 8)
y = (x[:, 0] * 3).sin().unsqueeze(1)
m = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 1))
opt = torch.optim.Adam(m.parameters(), lr=2e-3)
for step in range(200):
    xb, yb = get_batch(x[:400], y[:400], 32)
    loss = nn.functional.mse_loss(m(xb), yb)
    opt.zero_grad()
    loss.backward()
    opt.step()
m.eval()
with torch.no_grad():
    print("train", loss.item(), "val", nn.functional.mse_loss(m(x[400:]), y[400:]).item())
