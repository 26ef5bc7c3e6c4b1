import copy
import torch
import torch.nn as nn


class EarlyStop:
    def __init__(self, patience=3, min_delta=0.0):
        self.patience, self.min_delta = patience, min_delta
        self.low, self.waited, self.weights = float("inf"), 0, None

    def should_stop(self, value, model):
        if value < self.low - self.min_delta:
            self.low = value
            self.waited = 0
            self.weights = copy.deepcopy(model.state_dict())
        else:
            self.waited += 1
        return self.waited >= self.patience


def spiral(n, g):
    k = torch.randint(0, 3, (n,), generator=g)
    r = torch.rand(n, generator=g)
    a = 4 * r + 2.0944 * k + 0.15 * torch.randn(n, generator=g)
    return torch.stack([r * a.cos(), r * a.sin()], 1), k


def epoch_loss(model, x, y):
    model.eval()
    with torch.no_grad():
        return nn.functional.cross_entropy(model(x), y).item()


g = torch.Generator().manual_seed(3)
torch.manual_seed(3)
x, y = spiral(500, g)
xv, yv = spiral(150, g)
xt, yt = spiral(600, g)
model = nn.Sequential(nn.Linear(2, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 3))
opt = torch.optim.Adam(model.parameters(), lr=4e-3)
stop = EarlyStop(patience=6)
for epoch in range(80):
    model.train()
    for idx in torch.randperm(500).split(50):
        opt.zero_grad()
        nn.functional.cross_entropy(model(x[idx]), y[idx]).backward()
        opt.step()
    if stop.should_stop(epoch_loss(model, xv, yv), model):
        break
model.load_state_dict(stop.weights)
print(f"stopped after epoch {epoch}, test loss {epoch_loss(model, xt, yt):.4f}")
