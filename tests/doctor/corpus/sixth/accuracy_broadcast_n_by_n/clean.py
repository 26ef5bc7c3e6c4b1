import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split


def two_moons(n, noise=0.15):
    a = torch.rand(n) * torch.pi
    side = torch.randint(0, 2, (n,))
    px = torch.where(side == 0, torch.cos(a), 1 - torch.cos(a))
    py = torch.where(side == 0, torch.sin(a), 0.5 - torch.sin(a))
    return torch.stack([px, py], 1) + noise * torch.randn(n, 2), side.float()


def binary_accuracy(logits, labels):
    hits = (logits.squeeze(1) > 0).float() == labels
    return hits.float().mean().item()


class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, width), nn.BatchNorm1d(width), nn.ReLU(),
                                  nn.Linear(width, width), nn.ReLU())
        self.head = nn.Linear(width, 1)

    def forward(self, p):
        return self.head(self.body(p))


torch.manual_seed(4)
points, side = two_moons(900)
train_set, val_set = random_split(TensorDataset(points, side), [700, 200])
train_loader = DataLoader(train_set, batch_size=50, shuffle=True)
val_loader = DataLoader(val_set, batch_size=200)

net = Net(24)
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)

for epoch in range(12):
    net.train()
    for p, s in train_loader:
        optimizer.zero_grad()
        loss = criterion(net(p), s.unsqueeze(1))
        loss.backward()
        optimizer.step()

    net.eval()
    with torch.no_grad():
        p, s = next(iter(val_loader))  # the whole set in one batch
        out = net(p)
        val_loss = criterion(out, s.unsqueeze(1)).item()
        print(f"epoch {epoch:2d}  val loss {val_loss:.3f}  val acc {binary_accuracy(out, s):.3f}")
