import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(46)
sensor = torch.randn(500, 3) * torch.tensor([0.5, 4.0, 20.0]) + torch.tensor([1.0, 7.0, 300.0])
target = (sensor[:, 1:2] - 7) / 4 + (sensor[:, 2:3] - 300) / 40
tl = DataLoader(TensorDataset(sensor[:400], target[:400]), batch_size=16, shuffle=True)
vl = DataLoader(TensorDataset(sensor[400:], target[400:]), batch_size=10)
mean, std = sensor[:400].mean(0), sensor[:400].std(0)


def scale(x):
    return (x - mean) / std


net = nn.Sequential(nn.Linear(3, 24), nn.ReLU(), nn.Linear(24, 1))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for ep in range(6):
    net.train()
    for x, y in tl:
        opt.zero_grad()
        nn.functional.mse_loss(net(scale(x)), y).backward()
        opt.step()
    net.eval()
    se = 0.0
    with torch.no_grad():
        for x, y in vl:
            se += nn.functional.mse_loss(net(scale(x)), y, reduction="sum").item()
    print(ep, "val mse", se / 100)
