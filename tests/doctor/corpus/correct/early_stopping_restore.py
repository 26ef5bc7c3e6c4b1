import copy
import torch
from torch import nn


class EarlyStopping:
    def __init__(self, patience=4, min_delta=1e-4):
        self.patience, self.min_delta = patience, min_delta
        self.best, self.bad, self.state = float("inf"), 0, None

    def __call__(self, value, model):
        if value < self.best - self.min_delta:
            self.best, self.bad = value, 0
            self.state = copy.deepcopy(model.state_dict())
            return False
        self.bad += 1
        return self.bad >= self.patience


torch.manual_seed(75)
x = torch.randn(260, 15)
y = x[:, :1] + 0.5 * torch.randn(260, 1)
net = nn.Sequential(nn.Linear(15, 64), nn.ReLU(), nn.Linear(64, 1))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
stop = EarlyStopping()
for epoch in range(40):
    net.train()
    for i in torch.randperm(200).split(20):
        opt.zero_grad()
        nn.functional.mse_loss(net(x[i]), y[i]).backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        val = nn.functional.mse_loss(net(x[200:]), y[200:]).item()
    if stop(val, net):
        break
net.load_state_dict(stop.state)
print("stopped at", epoch, "best", stop.best)
