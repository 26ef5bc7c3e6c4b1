import math
import torch
import torch.nn as nn

torch.manual_seed(21)
n_train, bs, n_epochs = 640, 32, 15
x = torch.rand(800, 2) * 2 - 1
y = torch.sin(3 * x[:, :1]) * x[:, 1:]
xtr, ytr, xva, yva = x[:n_train], y[:n_train], x[n_train:], y[n_train:]

iters_per_epoch = n_train // bs
total_iters = n_epochs * iters_per_epoch
warmup_iters = 40


def lr_factor(it):
    if it < warmup_iters:
        return (it + 1) / warmup_iters
    t = (it - warmup_iters) / (total_iters - warmup_iters)
    return 0.5 * (1 + math.cos(math.pi * t))


net = nn.Sequential(nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
sched = torch.optim.lr_scheduler.LambdaLR(opt, lr_factor)
mse = nn.MSELoss()

for epoch in range(n_epochs):
    net.train()
    for idx in torch.randperm(n_train).split(bs):
        opt.zero_grad()
        loss = mse(net(xtr[idx]), ytr[idx])
        loss.backward()
        opt.step()
    sched.step()
    net.eval()
    with torch.no_grad():
        print(epoch, f"val {mse(net(xva), yva).item():.5f}")
