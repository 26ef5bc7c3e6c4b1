import torch
from torch import nn


def mlp(n_in, n_out, width=64, p=0.3):
    return nn.Sequential(
        nn.Linear(n_in, width),
        nn.ReLU(),
        nn.Linear(width, n_out),
        nn.Dropout(p),
    )


torch.manual_seed(83)
x = torch.randn(500, 6)
y = 3 + x[:, :1] - x[:, 1:2] * x[:, 2:3]
f = mlp(6, 1)
opt = torch.optim.Adam(f.parameters(), lr=3e-3)
for epoch in range(8):
    f.train()
    for i in torch.randperm(400).split(40):
        loss = nn.functional.mse_loss(f(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    f.eval()
    with torch.no_grad():
        print(epoch, nn.functional.mse_loss(f(x[400:]), y[400:]).item())
