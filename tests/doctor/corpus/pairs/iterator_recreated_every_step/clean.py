import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(82)
x = torch.randn(640, 8)
y = x[:, :2].sum(1, keepdim=True).tanh()
loader = DataLoader(TensorDataset(x[:512], y[:512]), batch_size=32)
model = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 1))
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
model.train()
batches = iter(loader)
for step in range(120):
    try:
        xb, yb = next(batches)
    except StopIteration:
        batches = iter(loader)
        xb, yb = next(batches)
    opt.zero_grad()
    loss = nn.functional.mse_loss(model(xb), yb)
    loss.backward()
    opt.step()
model.eval()
with torch.no_grad():
    print("train", loss.item(), "val", nn.functional.mse_loss(model(x[512:]), y[512:]).item())
