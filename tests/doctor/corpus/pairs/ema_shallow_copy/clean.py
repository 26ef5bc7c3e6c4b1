import copy
import torch
import torch.nn as nn


class EMA:
    def __init__(self, model, decay):
        self.decay = decay
        self.shadow = copy.deepcopy(model).requires_grad_(False)

    @torch.no_grad()
    def update(self, model):
        for s, p in zip(self.shadow.parameters(), model.parameters()):
            s.mul_(self.decay).add_(p, alpha=1 - self.decay)


torch.manual_seed(34)
x = torch.randn(500, 5)
y = x.pow(2).sum(1, keepdim=True).sqrt()
model = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, 1))
ema = EMA(model, 0.95)
opt = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(6):
    model.train()
    for i in torch.randperm(400).split(40):
        opt.zero_grad()
        nn.functional.mse_loss(model(x[i]), y[i]).backward()
        opt.step()
        ema.update(model)
    model.eval()
    ema.shadow.eval()
    with torch.no_grad():
        a = nn.functional.mse_loss(model(x[400:]), y[400:]).item()
        b = nn.functional.mse_loss(ema.shadow(x[400:]), y[400:]).item()
    print(epoch, round(a, 4), round(b, 4))
