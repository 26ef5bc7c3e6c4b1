import torch
import torch.nn as nn
import numpy as np


def load(seed):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(400, 6))
    b = a @ rng.normal(size=(6, 1))
    return torch.from_numpy(a), torch.from_numpy(b)


def prepare(x, device, dtype=torch.float32):
    x = x.to(device=device, dtype=dtype)
    return x


torch.manual_seed(0)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
x, y = load(4)
x, y = prepare(x, device), prepare(y, device)
net = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 1)).to(device, x.dtype)
opt = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
for epoch in range(10):
    net.train()
    for idx in torch.randperm(320, device=device).split(32):
        opt.zero_grad()
        nn.functional.mse_loss(net(x[idx]), y[idx]).backward()
        opt.step()
net.eval()
with torch.no_grad():
    print("val mse", nn.functional.mse_loss(net(x[320:]), y[320:]).item(), x.dtype)
