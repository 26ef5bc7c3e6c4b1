import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class ResidualBlock(nn.Module):
    def __init__(self, ch):
        super().__init__()
        self.conv1 = nn.Conv1d(ch, ch, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm1d(ch)
        self.conv2 = nn.Conv1d(ch, ch, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm1d(ch)

    def forward(self, x):
        out = self.conv1(x)
        out = self.bn1(out)
        out = F.relu(out)
        out = self.conv2(out)
        out = self.bn2(out)
        out += x
        return F.relu(out)


class SignalNet(nn.Module):
    def __init__(self, ch=8, n_blocks=14, n_classes=4):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv1d(1, ch, 5, padding=2), nn.BatchNorm1d(ch), nn.ReLU())
        self.blocks = nn.Sequential(*[ResidualBlock(ch) for _ in range(n_blocks)])
        self.head = nn.Linear(ch, n_classes)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)).mean(-1))


def waves(n, length=32):
    t = torch.arange(length).float()
    label = torch.randint(0, 4, (n,))
    freq = torch.tensor([0.25, 0.32, 0.39, 0.46])[label]
    phase = 6.283 * torch.rand(n)
    x = torch.sin(freq[:, None] * t + phase[:, None]) + 0.3 * torch.randn(n, length)
    return TensorDataset(x.unsqueeze(1), label)


torch.manual_seed(0)
train_loader = DataLoader(waves(700), batch_size=50, shuffle=True)
test_loader = DataLoader(waves(300), batch_size=100)

model = SignalNet()
optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9, weight_decay=1e-4)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=6)

for epoch in range(6):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    scheduler.step()

    model.eval()
    correct = 0
    with torch.no_grad():
        for x, y in test_loader:
            correct += (model(x).argmax(1) == y).sum().item()
    print("Epoch %d  loss %.3f  acc %.3f" % (epoch + 1, loss.item(), correct / 300))
