import math

import torch
import torch.nn as nn

QUANTILES = (0.1, 0.5, 0.9)


class PinballLoss(nn.Module):
    """Mean pinball loss over several quantiles."""

    def __init__(self, quantiles):
        super().__init__()
        self.quantiles = quantiles

    def forward(self, pred, y):
        total = 0.0
        for i, q in enumerate(self.quantiles):
            err = y - pred[:, i]
            total = total + torch.maximum(q * err, (q - 1) * err).mean()
        return total / len(self.quantiles)


def make_data(n, gen):
    t = torch.rand(n, generator=gen) * 6
    noise = torch.randn(n, generator=gen) * (0.1 + 0.1 * t)
    return t.unsqueeze(1), torch.sin(t) + noise


g = torch.Generator().manual_seed(21)
torch.manual_seed(21)
t_train, y_train = make_data(600, g)
t_test, y_test = make_data(200, g)

model = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, len(QUANTILES)))
criterion = PinballLoss(QUANTILES)
opt = torch.optim.Adam(model.parameters(), lr=5e-3)

n_batches = math.ceil(len(t_train) / 50)
for epoch in range(30):
    running = 0.0
    for idx in torch.randperm(len(t_train), generator=g).split(50):
        opt.zero_grad()
        loss = criterion(model(t_train[idx]), y_train[idx])
        loss.backward()
        opt.step()
        running += loss.item()
    if (epoch + 1) % 10 == 0:
        print(f"epoch {epoch + 1:2d}  pinball {running / n_batches:.4f}")

model.eval()
with torch.no_grad():
    out = model(t_test)
    cover = ((y_test >= out[:, 0]) & (y_test <= out[:, 2])).float().mean()
    print("test pinball", criterion(out, y_test).item(), "coverage 80%:", cover.item())
