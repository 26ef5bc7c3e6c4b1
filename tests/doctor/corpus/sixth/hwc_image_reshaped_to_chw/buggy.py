import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

RED, GREEN, BLUE = np.eye(3, dtype=np.float32)


class TrafficSigns(Dataset):
    """Drawn signs, stored like a decoded PNG: uint8, height x width x RGB."""

    classes = ["stop", "go", "info", "end"]

    def __init__(self, n, seed, augment=False):
        rng = np.random.default_rng(seed)
        self.labels = rng.integers(0, 4, n)
        self.pictures = np.stack([self.draw(rng, c) for c in self.labels])
        self.augment = augment

    @staticmethod
    def draw(rng, c, size=12):
        img = rng.normal(0.5, 0.15, (size, size, 3)).astype(np.float32)
        r, k = rng.integers(0, size - 5, 2)
        patch = img[r:r + 5, k:k + 5]
        if c == 0:
            patch[:] = 0.6 * RED + 0.2
        elif c == 1:
            patch[:] = 0.6 * GREEN + 0.2
        elif c == 2:
            patch[:] = 0.6 * BLUE + 0.2
        else:
            patch[:, ::2] = 0.9
        return (img.clip(0, 1) * 255).astype(np.uint8)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        img = self.pictures[i]
        if self.augment and torch.rand(()) < 0.5:
            img = np.ascontiguousarray(img[:, ::-1])
        img = torch.from_numpy(img).reshape(3, *img.shape[:2])
        return img.float().div(255).sub(0.5).div(0.25), int(self.labels[i])


def build():
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, len(TrafficSigns.classes)),
    )


torch.manual_seed(0)
train_loader = DataLoader(TrafficSigns(500, 0, augment=True), batch_size=25, shuffle=True)
test_loader = DataLoader(TrafficSigns(200, 1), batch_size=100)
model = build()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4)

for epoch in range(5):
    model.train()
    for images, labels in train_loader:
        optimizer.zero_grad()
        criterion(model(images), labels).backward()
        optimizer.step()
    model.eval()
    hits = 0
    with torch.no_grad():
        for images, labels in test_loader:
            hits += (model(images).argmax(1) == labels).sum().item()
    print(f"epoch {epoch}: {100 * hits / len(test_loader.dataset):.1f} %")
