import torch
import torch.nn as nn


def shuffled(*arrays):
    return [a[torch.randperm(len(a))] for a in arrays]


def minibatches(x, y, size):
    x, y = shuffled(x, y)
    yield from zip(x.split(size), y.split(size))


def rings(n):
    radius = torch.tensor([0.5, 1.2, 2.0])
    y = torch.randint(0, 3, (n,))
    angle = 6.2832 * torch.rand(n)
    r = radius[y] + 0.15 * torch.randn(n)
    return torch.stack([r * angle.cos(), r * angle.sin()], dim=1), y


torch.manual_seed(13)
x_train, y_train = rings(600)
x_val, y_val = rings(300)
net = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 3))
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(12):
    net.train()
    running = 0.0
    for xb, yb in minibatches(x_train, y_train, 40):
        opt.zero_grad()
        loss = criterion(net(xb), yb)
        loss.backward()
        opt.step()
        running += loss.item() * len(yb)
    print(f"epoch {epoch:2d} loss {running / len(y_train):.3f}")

net.eval()
with torch.no_grad():
    print("val acc", (net(x_val).argmax(1) == y_val).float().mean().item())
