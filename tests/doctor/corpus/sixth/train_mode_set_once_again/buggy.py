import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split


def make_shapes(n):
    """8x8 gray pictures: a horizontal bar, a vertical bar or a square, plus noise."""
    imgs = 0.4 * torch.randn(n, 1, 8, 8)
    labels = torch.randint(0, 3, (n,))
    for img, c in zip(imgs, labels):
        r, k = torch.randint(0, 5, (2,)).tolist()
        if c == 0:
            img[0, r, :] += 1
        elif c == 1:
            img[0, :, k] += 1
        else:
            img[0, r:r + 3, k:k + 3] += 1
    return TensorDataset(imgs, labels)


class SmallCNN(nn.Module):
    def __init__(self, n_classes=3):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(32)
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(32 * 2 * 2, n_classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2)
        return self.fc(self.drop(x.flatten(1)))


def train_one_epoch(model, loader, optimizer):
    total = 0.0
    for images, targets in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), targets)
        loss.backward()
        optimizer.step()
        total += loss.item() * images.size(0)
    return total / len(loader.dataset)


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    correct = 0
    for images, targets in loader:
        correct += (model(images).argmax(1) == targets).sum().item()
    return correct / len(loader.dataset)


torch.manual_seed(42)
train_set, val_set = random_split(make_shapes(900), [700, 200])
train_loader = DataLoader(train_set, batch_size=50, shuffle=True)
val_loader = DataLoader(val_set, batch_size=100)
model = SmallCNN()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

best = 0.0
model.train()
for epoch in range(6):
    loss = train_one_epoch(model, train_loader, optimizer)
    acc = evaluate(model, val_loader)
    best = max(best, acc)
    print(f"epoch {epoch + 1}: train loss {loss:.3f}  val acc {acc:.3f}")
print(f"best val acc {best:.3f}")
