import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(88)
x = torch.randn(640, 9)
y = x[:, 0] * x[:, 1] - x[:, 2]
loader = DataLoader(TensorDataset(x[:512], y[:512]), batch_size=32, shuffle=True)
net = nn.Sequential(nn.Linear(9, 64), nn.ReLU(), nn.Linear(64, 1), nn.Flatten(0))
opt = torch.optim.AdamW(net.parameters(), lr=1e-2)
epochs = 6
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=1e-2, epochs=epochs, steps_per_epoch=len(loader))
mse = nn.MSELoss()
for epoch in range(epochs):
    net.train()
    for xb, yb in loader:
        opt.zero_grad()
        mse(net(xb), yb).backward()
        opt.step()
        sched.step()
    net.eval()
    with torch.no_grad():
        print(epoch, mse(net(x[512:]), y[512:]).item(), f"{opt.param_groups[0]['lr']:.2e}")
