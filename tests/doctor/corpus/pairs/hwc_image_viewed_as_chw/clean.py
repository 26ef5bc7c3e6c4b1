import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader


class ColorPatches(Dataset):
    def __init__(self, n: int, seed: int):
        rng = np.random.default_rng(seed)
        tint = rng.uniform(0.3, 1.0, size=(n, 1, 1, 3))
        self.images = (rng.integers(0, 256, size=(n, 10, 10, 3)) * tint).astype(np.uint8)
        self.labels = self.images.mean(axis=(1, 2)).argmax(axis=1)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        img = torch.from_numpy(self.images[i]).float() / 255
        img = img.permute(2, 0, 1)
        return img, int(self.labels[i])


def evaluate(model, loader):
    model.eval()
    right = total = 0
    with torch.no_grad():
        for img, lab in loader:
            right += (model(img).argmax(1) == lab).sum().item()
            total += len(lab)
    return right / total


torch.manual_seed(0)
train = DataLoader(ColorPatches(500, 1), 50, shuffle=True)
val = DataLoader(ColorPatches(150, 2), 50)
model = nn.Sequential(nn.Conv2d(3, 12, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 3))
opt = torch.optim.Adam(model.parameters(), lr=3e-2)
ce = nn.CrossEntropyLoss()
for epoch in range(4):
    model.train()
    for img, lab in train:
        opt.zero_grad()
        ce(model(img), lab).backward()
        opt.step()
    print("epoch", epoch, "val", evaluate(model, val))
