import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(70)
x = torch.randn(500, 6)
y = x[:, :1].sin() + x[:, 1:2]
dl = DataLoader(TensorDataset(x[:400], y[:400]), batch_size=25, shuffle=True)
net = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.AdamW(net.parameters(), lr=1e-3)
epochs = 5
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=1e-2, total_steps=epochs * len(dl))
for epoch in range(epochs):
    net.train()
    for xb, yb in dl:
        opt.zero_grad()
        nn.functional.mse_loss(net(xb), yb).backward()
        opt.step()
        sched.step()
    net.eval()
    with torch.no_grad():
        print(epoch, nn.functional.mse_loss(net(x[400:]), y[400:]).item(), sched.get_last_lr()[0])
