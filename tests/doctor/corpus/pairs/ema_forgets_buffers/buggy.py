import copy
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class ModelEma:
    def __init__(self, model, decay=0.9):
        self.module = copy.deepcopy(model).eval()
        for p in self.module.parameters():
            p.requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, model):
        for e, p in zip(self.module.parameters(), model.parameters()):
            e.copy_(self.decay * e + (1 - self.decay) * p)


torch.manual_seed(63)
x = 3.0 + 2.0 * torch.randn(500, 1, 8, 8)
y = (x[:, 0, :4].mean((1, 2)) > 3.0).long()
model = nn.Sequential(
    nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8), nn.ReLU(),
    nn.Flatten(), nn.Linear(128, 2),
)
ema = ModelEma(model)
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
loader = DataLoader(TensorDataset(x[:400], y[:400]), batch_size=25, shuffle=True)
for epoch in range(4):
    model.train()
    for xb, yb in loader:
        opt.zero_grad()
        nn.functional.cross_entropy(model(xb), yb).backward()
        opt.step()
        ema.update(model)
    with torch.no_grad():
        print(epoch, (ema.module(x[400:]).argmax(1) == y[400:]).float().mean().item())
