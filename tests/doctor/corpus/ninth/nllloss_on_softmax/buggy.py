import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class Gestures(Dataset):
    """Two-channel accelerometer traces of four hand movements."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        t = torch.linspace(0, 1, 32)
        shapes = torch.stack([
            torch.stack([t, t]),
            torch.stack([t, 1 - t]),
            torch.stack([torch.sin(6.28 * t), torch.cos(6.28 * t)]),
            torch.stack([torch.sin(12.56 * t), t]),
        ])
        self.y = torch.randint(0, 4, (n,), generator=g)
        self.x = shapes[self.y] + 1.2 * torch.randn(n, 2, 32, generator=g)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def build_classifier(channels, classes):
    trunk = [nn.Conv1d(channels, 16, 5, padding=2), nn.ReLU(), nn.MaxPool1d(4), nn.Flatten()]
    head = [nn.Linear(16 * 8, 32), nn.ReLU(), nn.Linear(32, classes)]
    return nn.Sequential(*trunk, *head, nn.Softmax(dim=1))


def fit(model, loader, epochs, lr):
    criterion = nn.NLLLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
        print("epoch", epoch, "loss", round(total / len(loader.dataset), 4))


@torch.no_grad()
def accuracy(model, loader):
    model.eval()
    return sum((model(x).argmax(1) == y).sum().item() for x, y in loader) / len(loader.dataset)


if __name__ == "__main__":
    torch.manual_seed(4)
    net = build_classifier(2, 4)
    fit(net, DataLoader(Gestures(600, 1), batch_size=30, shuffle=True), epochs=6, lr=0.003)
    print("held-out accuracy", accuracy(net, DataLoader(Gestures(200, 2), batch_size=100)))
