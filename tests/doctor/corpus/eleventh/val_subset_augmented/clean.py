import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, Subset


class Digits(Dataset):
    """Seven-segment digits drawn on a 9x9 grid."""
    SEGMENTS = ["1110111", "0010010", "1011101", "1011011", "0111010"]

    def __init__(self, n, seed, transform=None):
        g = torch.Generator().manual_seed(seed)
        self.targets = torch.randint(0, 5, (n,), generator=g)
        self.images = torch.stack([self.draw(int(t)) for t in self.targets])
        self.images += 0.5 * torch.randn(self.images.shape, generator=g)
        self.transform = transform

    def draw(self, digit):
        img = torch.zeros(1, 9, 9)
        slots = [(1, slice(3, 6)), (slice(2, 4), 2), (slice(2, 4), 6), (4, slice(3, 6)),
                 (slice(5, 7), 2), (slice(5, 7), 6), (7, slice(3, 6))]
        for on, (r, c) in zip(self.SEGMENTS[digit], slots):
            if on == "1":
                img[0, r, c] = 1.0
        return img

    def __len__(self):
        return len(self.targets)

    def __getitem__(self, i):
        img = self.images[i]
        if self.transform:
            img = self.transform(img)
        return img, self.targets[i]


def augment(img):
    dy, dx = torch.randint(-1, 2, (2,)).tolist()
    img = img.roll((dy, dx), dims=(1, 2)) + 0.1 * torch.randn_like(img)
    r, c = torch.randint(0, 6, (2,)).tolist()
    img = img.clone()
    img[:, r:r + 4, c:c + 4] = 0          # random erasing
    return img


torch.manual_seed(0)
train_data = Digits(800, seed=1, transform=augment)
valid_data = Digits(800, seed=1)
order = torch.randperm(len(train_data)).tolist()
train_loader = DataLoader(Subset(train_data, order[:600]), batch_size=50, shuffle=True)
valid_loader = DataLoader(Subset(valid_data, order[600:]), batch_size=100)

model = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                      nn.Linear(16 * 16, 64), nn.ReLU(), nn.Linear(64, 5))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(8):
    model.train()
    for images, labels in train_loader:
        optimizer.zero_grad()
        criterion(model(images), labels).backward()
        optimizer.step()
    model.eval()
    correct = 0
    with torch.no_grad():
        for images, labels in valid_loader:
            correct += (model(images).argmax(1) == labels).sum().item()
    print(f"epoch {epoch + 1}: valid accuracy {correct / 200:.3f}")
