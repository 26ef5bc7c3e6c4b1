import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


def crosses_and_rings(n, rng):
    yy, xx = np.mgrid[:10, :10]
    labels = rng.integers(0, 2, n)
    images = rng.normal(0, 0.4, (n, 10, 10))
    for img, k in zip(images, labels):
        cy, cx = rng.uniform(3.5, 5.5, 2)
        d = np.hypot(yy - cy, xx - cx)
        shape = np.abs(d - 2.5) < 0.7 if k else (np.abs(yy - cy) < 0.6) | (np.abs(xx - cx) < 0.6)
        img[shape] += 1.0
    return images.astype(np.float32), labels.astype(np.int64)


class ShapeDataset(Dataset):
    def __init__(self, images, labels, augment=False, seed=0):
        self.images, self.labels = images, labels
        self.augment = augment
        self.rng = np.random.default_rng(seed)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        img = self.images[i]
        if self.augment:
            dy, dx = self.rng.integers(-2, 3, 2)
            img = np.roll(img, (dy, dx), axis=(0, 1))
            img = img * self.rng.uniform(0.7, 1.3) + self.rng.normal(0, 0.2, img.shape)
        return torch.as_tensor(img, dtype=torch.float32).unsqueeze(0), int(self.labels[i])


def main(seed=6):
    torch.manual_seed(seed)
    data_rng = np.random.default_rng(seed)
    train_set = ShapeDataset(*crosses_and_rings(320, data_rng), augment=True, seed=seed)
    val_set = ShapeDataset(*crosses_and_rings(160, data_rng))
    train_loader = DataLoader(train_set, batch_size=20, shuffle=True, num_workers=2)
    val_loader = DataLoader(val_set, batch_size=80)
    net = nn.Sequential(nn.Conv2d(1, 12, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12 * 16, 2))
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(7):
        net.train()
        for img, label in train_loader:
            opt.zero_grad()
            criterion(net(img), label).backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            right = sum((net(img).argmax(1) == label).sum().item() for img, label in val_loader)
        print(f"epoch {epoch}  val acc {right / len(val_set):.3f}")


if __name__ == "__main__":
    main()
