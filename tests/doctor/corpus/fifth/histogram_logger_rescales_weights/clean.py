import numpy as np
import torch
import torch.nn as nn


class WeightLog:
    """Keeps the skewness and kurtosis of every weight matrix, epoch by epoch."""

    def __init__(self):
        self.rows = []

    def add(self, epoch, model):
        for name, p in model.named_parameters():
            if p.dim() < 2:
                continue
            w = p.detach().cpu().numpy()
            w = w - w.mean()
            w = w / (w.std() + 1e-8)
            self.rows.append((epoch, name, float((w ** 3).mean()), float((w ** 4).mean())))

    def last(self):
        return [r for r in self.rows if r[0] == self.rows[-1][0]]


def spiral(n, rng):
    arm = rng.integers(0, 2, n)
    r = rng.uniform(0.2, 1.0, n)
    phi = 4 * r + arm * np.pi + rng.normal(scale=0.15, size=n)
    xy = np.stack([r * np.cos(phi), r * np.sin(phi)], 1).astype(np.float32)
    return torch.from_numpy(xy), torch.from_numpy(arm)


rng = np.random.default_rng(77)
torch.manual_seed(77)
x_train, y_train = spiral(800, rng)
x_test, y_test = spiral(400, rng)
model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
loss_fn = nn.CrossEntropyLoss()
log = WeightLog()

for epoch in range(15):
    model.train()
    for idx in torch.randperm(len(x_train)).split(40):
        optimizer.zero_grad()
        loss = loss_fn(model(x_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
    log.add(epoch, model)

model.eval()
with torch.no_grad():
    logits = model(x_test)
    accuracy = (logits.argmax(1) == y_test).float().mean().item()
for epoch, name, skew, kurt in log.last():
    print(f"{name}: skew {skew:.2f} kurtosis {kurt:.2f}")
print("test accuracy", round(accuracy, 3), "loss", round(loss_fn(logits, y_test).item(), 4))
