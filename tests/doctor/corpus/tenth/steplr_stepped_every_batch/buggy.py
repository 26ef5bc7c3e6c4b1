import torch
import torch.nn as nn
import torch.optim as optim
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset


class SmallCNN(nn.Module):
    def __init__(self):
        super(SmallCNN, self).__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(16 * 3 * 3, 3)

    def forward(self, x):
        x = self.pool(torch.relu(self.conv1(x)))
        x = self.pool(torch.relu(self.conv2(x)))
        return self.fc(torch.flatten(x, 1))


def fake_images(n):
    """12x12 images: horizontal bars, vertical bars or diagonal."""
    y = torch.randint(0, 3, (n,))
    r = torch.arange(12)
    base = torch.stack([
        (r[:, None] % 4 < 2).float().expand(12, 12),
        (r[None, :] % 4 < 2).float().expand(12, 12),
        ((r[:, None] + r[None, :]) % 4 < 2).float(),
    ])
    return base[y].unsqueeze(1) + 1.5 * torch.randn(n, 1, 12, 12), y


def train(model, loader, optimizer, scheduler):
    model.train()
    for data, target in loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(data), target)
        loss.backward()
        optimizer.step()
        scheduler.step()


def test(model, loader):
    model.eval()
    correct = 0
    with torch.no_grad():
        for data, target in loader:
            correct += (model(data).argmax(1) == target).sum().item()
    return correct / len(loader.dataset)


torch.manual_seed(42)
train_loader = DataLoader(TensorDataset(*fake_images(640)), batch_size=32, shuffle=True)
test_loader = DataLoader(TensorDataset(*fake_images(200)), batch_size=100)
model = SmallCNN()
optimizer = optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
scheduler = StepLR(optimizer, step_size=5, gamma=0.1)  # lower the rate every 5 epochs
for epoch in range(1, 9):
    train(model, train_loader, optimizer, scheduler)
    print("Epoch %d  lr %.2e  test acc %.3f" % (epoch, optimizer.param_groups[0]["lr"], test(model, test_loader)))
