"""Tell squares, crosses and rings apart with a small CNN."""
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)
CLASSES = ["square", "cross", "ring"]


def draw(label, g):
    img = torch.zeros(16, 16)
    cy, cx = torch.randint(5, 11, (2,), generator=g).tolist()
    if label == 0:
        img[cy - 3:cy + 4, cx - 3:cx + 4] = 1.0
    elif label == 1:
        img[cy, cx - 4:cx + 5] = 1.0
        img[cy - 4:cy + 5, cx] = 1.0
    else:
        yy, xx = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
        r = ((yy - cy) ** 2 + (xx - cx) ** 2).float().sqrt()
        img[(r > 2.5) & (r < 4.2)] = 1.0
    return (img + 0.35 * torch.randn(16, 16, generator=g)).unsqueeze(0)


class Shapes(Dataset):
    def __init__(self, n, seed, augment=False):
        g = torch.Generator().manual_seed(seed)
        self.labels = torch.randint(0, len(CLASSES), (n,), generator=g)
        self.images = torch.stack([draw(int(label), g) for label in self.labels])
        self.augment = augment

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        img = self.images[i]
        if self.augment and torch.rand(1).item() < 0.5:
            img = img.flip(-1)
        return img, self.labels[i]


train_loader = DataLoader(Shapes(600, seed=1, augment=True), batch_size=32, shuffle=True)
test_loader = DataLoader(Shapes(200, seed=2), batch_size=100)

net = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(8, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(16 * 4 * 4, len(CLASSES)),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)

for epoch in range(1, 5):
    net.train()
    running = 0.0
    for images, labels in train_loader:
        optimizer.zero_grad()
        loss = criterion(net(images), labels)
        loss.backward()
        optimizer.step()
        running += loss.item() * len(labels)
    print(f"epoch {epoch}: train loss {running / len(train_loader.dataset):.4f}")

net.eval()
hits = torch.zeros(len(CLASSES))
seen = torch.zeros(len(CLASSES))
with torch.no_grad():
    for images, labels in test_loader:
        pred = net(images).argmax(dim=1)
        for c in range(len(CLASSES)):
            mask = labels == c
            seen[c] += mask.sum()
            hits[c] += (pred[mask] == c).sum()

for name, h, s in zip(CLASSES, hits.tolist(), seen.tolist()):
    print(f"{name:>7}: {h / s:.1%} of {int(s)}")
print(f"overall: {(hits.sum() / seen.sum()).item():.1%}")

PATH = "./shapes_net.pth"
torch.save(net.state_dict(), PATH)
