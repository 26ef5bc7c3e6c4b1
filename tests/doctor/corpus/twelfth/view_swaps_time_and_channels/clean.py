import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

SEED, B, T, C = 17, 32, 40, 5


def generate(n, rng):
    """Multivariate series [n, T, C]; the anomaly is a short oscillation of one sensor."""
    x = rng.normal(size=(n, T, C)).cumsum(axis=1) * 0.1
    x += np.arange(C)  # sensors have different levels
    label = rng.integers(0, 2, n)
    for i in np.flatnonzero(label):
        s, c = rng.integers(0, T - 10), rng.integers(0, C)
        x[i, s:s + 10, c] += 0.4 * (-1.0) ** np.arange(10)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(label)


class TemporalConv(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(C, 24, 5, padding=2), nn.ReLU(),
            nn.Conv1d(24, 24, 5, padding=2), nn.ReLU(),
        )
        self.cls = nn.Linear(24, 2)

    def forward(self, ts):
        b, t, c = ts.shape
        h = self.net(ts.permute(0, 2, 1))
        return self.cls(h.amax(dim=2))


rng = np.random.default_rng(SEED)
torch.manual_seed(SEED)
train_loader = DataLoader(TensorDataset(*generate(640, rng)), batch_size=B, shuffle=True)
val_loader = DataLoader(TensorDataset(*generate(200, rng)), batch_size=100)

model = TemporalConv()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(8):
    model.train()
    for ts, label in train_loader:
        optimizer.zero_grad()
        loss = loss_fn(model(ts), label)
        loss.backward()
        optimizer.step()
    model.eval()
    n_ok = 0
    with torch.no_grad():
        for ts, label in val_loader:
            n_ok += (model(ts).argmax(-1) == label).sum().item()
    print(f"epoch {epoch}: loss {loss.item():.3f}, val acc {n_ok / len(val_loader.dataset):.3f}")
