import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class EarlyStopping:
    def __init__(self, patience: int, min_delta: float = 0.0):
        self.patience = patience
        self.min_delta = min_delta
        self.best = None
        self.bad = 0
        self.state = None

    def __call__(self, metric: float, model: nn.Module) -> bool:
        if self.best is None or metric < self.best - self.min_delta:
            self.best = metric
            self.state = {k: v.detach().clone() for k, v in model.state_dict().items()}
        else:
            self.bad += 1
        return self.bad >= self.patience


def checker(n, g):
    x = torch.rand(n, 2, generator=g) * 3
    y = (x.floor().sum(1) % 2).float()
    flip = torch.rand(n, generator=g) < 0.08
    return x, torch.where(flip, 1 - y, y)


def bce(model, data):
    model.eval()
    with torch.no_grad():
        return F.binary_cross_entropy_with_logits(model(data[0]).squeeze(1), data[1]).item()


g = torch.Generator().manual_seed(12)
torch.manual_seed(12)
train, val, test = checker(700, g), checker(250, g), checker(600, g)
model = nn.Sequential(nn.Linear(2, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=8e-3)
stopper = EarlyStopping(patience=12)
loader = DataLoader(TensorDataset(*train), batch_size=35, shuffle=True)

for epoch in range(100):
    model.train()
    for x, y in loader:
        loss = F.binary_cross_entropy_with_logits(model(x).squeeze(1), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if stopper(bce(model, val), model):
        break

model.load_state_dict(stopper.state)
print(f"stopped after {epoch + 1} epochs, best val {stopper.best:.4f}, test {bce(model, test):.4f}")
