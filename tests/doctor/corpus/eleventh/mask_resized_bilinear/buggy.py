import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

CLASSES = ["background", "road", "car"]  # ids 0, 1, 2


class ToyStreetDataset(Dataset):
    def __init__(self, n, seed, raw_size=48, size=24):
        rng = np.random.default_rng(seed)
        self.size = size
        self.samples = []
        for _ in range(n):
            mask = np.zeros((raw_size, raw_size), dtype=np.int64)
            top = rng.integers(30, 38)
            mask[top:] = 1
            for _ in range(3):
                r, c = rng.integers(0, 36, 2)
                mask[r : r + 10, c : c + 10] = 2
            image = np.array([0.1, 0.5, 0.9])[mask] + 0.15 * rng.standard_normal(mask.shape)
            self.samples.append((image.astype(np.float32), mask))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        image, mask = self.samples[i]
        image, mask = torch.from_numpy(image)[None, None], torch.from_numpy(mask)[None, None]
        image = F.interpolate(image, size=(self.size, self.size), mode="bilinear", align_corners=False)
        mask = F.interpolate(mask.float(), size=(self.size, self.size), mode="bilinear", align_corners=False)
        return image[0], mask[0, 0].round().long()


class TinySegNet(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(),
            nn.Conv2d(12, 12, 3, padding=1), nn.ReLU(),
            nn.Conv2d(12, n_classes, 1),
        )  # fmt: skip

    def forward(self, x):
        return self.conv(x)


@torch.no_grad()
def mean_iou(model, loader, n_classes=3):
    model.eval()
    inter, union = torch.zeros(n_classes), torch.zeros(n_classes)
    for image, mask in loader:
        pred = model(image).argmax(1)
        for c in range(n_classes):
            inter[c] += ((pred == c) & (mask == c)).sum()
            union[c] += ((pred == c) | (mask == c)).sum()
    return inter / union


if __name__ == "__main__":
    torch.manual_seed(0)
    train_loader = DataLoader(ToyStreetDataset(96, seed=1), batch_size=16, shuffle=True)
    val_loader = DataLoader(ToyStreetDataset(32, seed=2), batch_size=32)
    model = TinySegNet(len(CLASSES))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(6):
        model.train()
        for image, mask in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(image), mask)
            loss.backward()
            optimizer.step()
        print("epoch", epoch, "loss", round(loss.item(), 4))
    for name, iou in zip(CLASSES, mean_iou(model, val_loader).tolist()):
        print(f"{name:>10s} IoU {iou:.3f}")
