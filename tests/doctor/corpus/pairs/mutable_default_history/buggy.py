import torch
from torch import nn


def run(lr, history=[]):
    torch.manual_seed(203)
    x = torch.randn(200, 4)
    y = x.sum(1, keepdim=True).sin()
    net = nn.Sequential(nn.Linear(4, 24), nn.Tanh(), nn.Linear(24, 1))
    opt = torch.optim.Adam(net.parameters(), lr=lr)
    for epoch in range(5):
        net.train()
        for i in torch.randperm(200).split(20):
            opt.zero_grad()
            loss = nn.functional.mse_loss(net(x[i]), y[i])
            loss.backward()
            opt.step()
        history.append(loss.item())
    return history


curves = {lr: run(lr) for lr in (1e-3, 1e-2)}
for lr, c in curves.items():
    print(lr, len(c), min(c))
