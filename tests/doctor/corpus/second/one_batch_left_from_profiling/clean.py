import time
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class Stopwatch:
    def __init__(self):
        self.total, self.n = 0.0, 0

    def __enter__(self):
        self.t = time.perf_counter()

    def __exit__(self, *exc):
        self.total += time.perf_counter() - self.t
        self.n += 1


def step(model, opt, x, y):
    model.train()
    opt.zero_grad(set_to_none=True)
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    opt.step()
    return loss.item()


torch.manual_seed(58)
x = torch.randn(900, 12)
y = (x[:, :3].sum(1) > 0).long() + (x[:, 3] > 1).long()
loader = DataLoader(TensorDataset(x[:700], y[:700]), batch_size=35, shuffle=True)
model = nn.Sequential(nn.Linear(12, 48), nn.ReLU(), nn.Linear(48, 3))
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
watch = Stopwatch()
for epoch in range(10):
    for xb, yb in loader:
        with watch:
            loss = step(model, opt, xb, yb)
    print(f"{epoch}: loss of the last batch {loss:.4f}")
model.eval()
with torch.no_grad():
    acc = (model(x[700:]).argmax(1) == y[700:]).float().mean().item()
print(f"timed {watch.n} steps, val acc {acc:.3f}")
