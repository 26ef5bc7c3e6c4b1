import random

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class CellDataset(Dataset):
    def __init__(self, images, masks, train):
        self.images = images
        self.masks = masks
        self.train = train

    def __len__(self):
        return len(self.images)

    def transform(self, image, mask):
        # random horizontal flipping
        if random.random() > 0.5:
            image = image.flip(-1)
            mask = mask.flip(-1)
        # small brightness change
        image = image * random.uniform(0.9, 1.1)
        return image, mask

    def __getitem__(self, index):
        image, mask = self.images[index], self.masks[index]
        if self.train:
            image, mask = self.transform(image, mask)
        return image, mask


def synth(n, s=16):
    masks = torch.zeros(n, 1, s, s)
    for m in masks:
        r, c = random.randint(0, s - 7), random.randint(0, s - 7)
        m[0, r:r + 6, c:c + 6] = 1
    return masks * 0.8 + 0.4 * torch.randn(n, 1, s, s), masks


def dice(logits, target):
    pred = (logits > 0).float()
    return (2 * (pred * target).sum() / (pred.sum() + target.sum()).clamp(min=1)).item()


random.seed(0)
torch.manual_seed(0)
train_loader = DataLoader(CellDataset(*synth(160), train=True), batch_size=16, shuffle=True)
val_loader = DataLoader(CellDataset(*synth(48), train=False), batch_size=48)

net = nn.Sequential(nn.Conv2d(1, 12, 5, padding=2), nn.ReLU(), nn.Conv2d(12, 12, 5, padding=2), nn.ReLU(),
                    nn.Conv2d(12, 1, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
criterion = nn.BCEWithLogitsLoss()

for epoch in range(6):
    net.train()
    for image, mask in train_loader:
        optimizer.zero_grad()
        loss = criterion(net(image), mask)
        loss.backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        image, mask = next(iter(val_loader))
        out = net(image)
    print(f"epoch {epoch}: val loss {criterion(out, mask).item():.4f} dice {dice(out, mask):.4f}")
