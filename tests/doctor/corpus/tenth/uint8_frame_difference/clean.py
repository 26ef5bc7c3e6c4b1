import numpy as np
import torch
from torch import nn

rng = np.random.default_rng(2024)
torch.manual_seed(2024)


def clip(direction):
    """Two 8-bit grey frames of a blob that moves left (0) or right (1)."""
    base = rng.integers(40, 80, size=(18, 18))
    r, c = rng.integers(4, 12), rng.integers(5, 11)
    a, b = base.copy(), base.copy()
    a[r:r + 4, c:c + 4] = 180
    c2 = c + 2 if direction else c - 2
    b[r:r + 4, c2:c2 + 4] = 180
    noise = rng.integers(-3, 4, size=(2, 18, 18))
    return (np.stack([a, b]) + noise).astype(np.uint8)


def motion_input(frames):
    prev, cur = frames[:, 0], frames[:, 1]
    diff = (cur.astype(np.float32) - prev.astype(np.float32)) / 255.0
    return torch.from_numpy(diff).unsqueeze(1)


n = 500
label = rng.integers(0, 2, size=n)
frames = np.stack([clip(d) for d in label])
x, y = motion_input(frames), torch.from_numpy(label)
x_tr, y_tr, x_va, y_va = x[:400], y[:400], x[400:], y[400:]

net = nn.Sequential(
    nn.Conv2d(1, 8, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
    nn.Flatten(), nn.Linear(16, 2),
)
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
ce = nn.CrossEntropyLoss()

for ep in range(8):
    net.train()
    for idx in torch.randperm(400).split(40):
        opt.zero_grad()
        loss = ce(net(x_tr[idx]), y_tr[idx])
        loss.backward()
        opt.step()
    net.eval()
    with torch.no_grad():
        acc = (net(x_va).argmax(1) == y_va).float().mean().item()
    print(f"ep {ep}  loss {loss.item():.3f}  val acc {acc:.3f}")
