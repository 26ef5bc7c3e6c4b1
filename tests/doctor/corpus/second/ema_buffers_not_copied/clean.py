import copy
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
        self.head = nn.Linear(16, 2)

    def forward(self, x):
        return self.head(self.features(x).flatten(1))


class Averaged:
    def __init__(self, model, decay):
        self.module = copy.deepcopy(model).eval()
        self.module.requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, model):
        own, new = self.module.state_dict(), model.state_dict()
        for key, value in own.items():
            if value.is_floating_point():
                value.lerp_(new[key], 1 - self.decay)
            else:
                value.copy_(new[key])


def images(n):
    x = torch.randn(n, 1, 12, 12) * 2 + 5
    y = torch.randint(0, 2, (n,))
    x[:, 0, 3:9, 3:9] += torch.where(y == 1, 4.0, 0.0).view(-1, 1, 1)
    return TensorDataset(x, y)


def evaluate(model, loader):
    hits = 0
    with torch.no_grad():
        for x, y in loader:
            hits += (model(x).argmax(1) == y).sum().item()
    return hits / len(loader.dataset)


torch.manual_seed(29)
train_loader = DataLoader(images(400), batch_size=40, shuffle=True)
val_loader = DataLoader(images(200), batch_size=100)
model = ConvNet()
averaged = Averaged(model, 0.9)
opt = torch.optim.AdamW(model.parameters(), lr=5e-3)
for epoch in range(6):
    model.train()
    for x, y in train_loader:
        opt.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        opt.step()
        averaged.update(model)
    print(epoch, "val accuracy of the average", evaluate(averaged.module, val_loader))
