import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, random_split


class Strokes(Dataset):
    """Bars in an 8x8 image; the training view is shifted at random."""

    def __init__(self, n, augment=True):
        self.augment = augment
        self.y = torch.randint(0, 2, (n,))
        self.x = 0.3 * torch.randn(n, 1, 8, 8)
        for i in range(n):
            k = int(torch.randint(1, 4, ()))
            if self.y[i]:
                self.x[i, 0, k, 1:6] += 1.0
            else:
                self.x[i, 0, 1:6, k] += 1.0

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        x = self.x[i]
        if self.augment:
            dy, dx = torch.randint(-1, 4, (2,)).tolist()
            x = torch.roll(x, (dy, dx), dims=(1, 2))
        return x, self.y[i]


def build_sets(n):
    train, val = random_split(Strokes(n), [60, n - 60])
    val.dataset.augment = False
    return train, val


torch.manual_seed(2)
train, val = build_sets(360)
train_loader = DataLoader(train, batch_size=20, shuffle=True)
val_loader = DataLoader(val, batch_size=100)
model = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(60):
    model.train()
    for x, y in train_loader:
        opt.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        opt.step()
model.eval()
with torch.no_grad():
    hits = sum((model(x).argmax(1) == y).sum().item() for x, y in val_loader)
print("val accuracy", hits / len(val))
