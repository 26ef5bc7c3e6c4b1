import copy
import torch
from torch import nn

torch.manual_seed(44)
x = torch.randn(500, 9)
y = x[:, :1] - x[:, 1:2] ** 2
net = nn.Sequential(nn.Linear(9, 64), nn.ReLU(), nn.Linear(64, 1))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
best_loss = 0.0
best_state = copy.deepcopy(net.state_dict())
for epoch in range(8):
    net.train()
    for i in torch.randperm(400).split(40):
        opt.zero_grad()
        nn.functional.mse_loss(net(x[i]), y[i]).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        val_loss = nn.functional.mse_loss(net(x[400:]), y[400:]).item()
    if val_loss > best_loss:
        best_loss = val_loss
        best_state = copy.deepcopy(net.state_dict())
net.load_state_dict(best_state)
print("kept model with loss", best_loss)
