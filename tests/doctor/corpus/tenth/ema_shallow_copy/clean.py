import copy

import torch
from torch import nn


class EMA:
    def __init__(self, model, decay=0.98):
        self.decay = decay
        self.shadow = copy.deepcopy(model)

    @torch.no_grad()
    def update(self, model):
        for s, p in zip(self.shadow.parameters(), model.parameters()):
            s.mul_(self.decay).add_(p, alpha=1 - self.decay)


torch.manual_seed(33)

x = torch.rand(512, 1) * 6 - 3
y = torch.sin(2 * x) + 0.3 * torch.randn_like(x)
x_test = torch.linspace(-3, 3, 200).unsqueeze(1)
y_test = torch.sin(2 * x_test)

model = nn.Sequential(nn.Linear(1, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
ema = EMA(model)
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.MSELoss()

model.train()
for step in range(600):
    batch = torch.randint(0, 512, (32,))
    loss = criterion(model(x[batch]), y[batch])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    ema.update(model)

model.eval()
ema.shadow.eval()
with torch.no_grad():
    print("raw weights :", criterion(model(x_test), y_test).item())
    print("ema weights :", criterion(ema.shadow(x_test), y_test).item())
