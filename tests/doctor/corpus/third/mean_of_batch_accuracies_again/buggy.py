import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv1d(1, 8, 5, padding=2), nn.ReLU(), nn.MaxPool1d(4),
                                      nn.Conv1d(8, 16, 5, padding=2), nn.ReLU(), nn.AdaptiveAvgPool1d(1))
        self.fc = nn.Linear(16, 3)

    def forward(self, x):
        return self.fc(self.features(x).flatten(1))


def waves(n):
    kind = torch.randint(0, 3, (n,))
    t = torch.linspace(0, 6.28, 64)
    phase = 6.28 * torch.rand(n, 1)
    base = torch.sin((kind[:, None] + 2) * t + phase)
    return TensorDataset((base + 1.2 * torch.randn(n, 64)).unsqueeze(1), kind)


def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()


def test(model, loader):
    model.eval()
    acc = 0.0
    with torch.no_grad():
        for x, y in loader:
            acc += (model(x).argmax(1) == y).float().mean().item()
    return acc / len(loader)


torch.manual_seed(21)
train_set, test_set = random_split(waves(850), [645, 205])
train_loader = DataLoader(train_set, batch_size=50, shuffle=True)
test_loader = DataLoader(test_set, batch_size=50)
model = ConvNet()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
criterion = nn.CrossEntropyLoss()
for epoch in range(8):
    train_one_epoch(model, train_loader, optimizer, criterion)
print('Test accuracy: {:.2f}%'.format(100 * test(model, test_loader)))
