import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class RandomFlip:
    """Flip the last two axes, each with probability p."""

    def __init__(self, p=0.5):
        self.p = p

    def __call__(self, t):
        if torch.rand(1).item() < self.p:
            t = t.flip(-1)
        if torch.rand(1).item() < self.p:
            t = t.flip(-2)
        return t


class Blobs(Dataset):
    """A bright disc on noise, somewhere in a 20x20 image; mask = the disc."""

    def __init__(self, n, seed, transform=None):
        g = torch.Generator().manual_seed(seed)
        yy, xx = torch.meshgrid(torch.arange(20.), torch.arange(20.), indexing="ij")
        c = torch.rand(n, 2, generator=g) * 12 + 4
        r = torch.rand(n, generator=g) * 2 + 2
        dist = (yy - c[:, 0, None, None]) ** 2 + (xx - c[:, 1, None, None]) ** 2
        self.masks = (dist < r[:, None, None] ** 2).float().unsqueeze(1)
        self.images = self.masks + 0.6 * torch.randn(n, 1, 20, 20, generator=g)
        self.transform = transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        image, mask = self.images[i], self.masks[i]
        if self.transform is not None:
            image, mask = self.transform(image), self.transform(mask)
        return image, mask


def iou(model, loader):
    inter = union = 0.0
    model.eval()
    with torch.no_grad():
        for x, m in loader:
            p = model(x) > 0
            m = m.bool()
            inter += (p & m).sum().item()
            union += (p | m).sum().item()
    return inter / union


def main():
    torch.manual_seed(6)
    train_loader = DataLoader(Blobs(300, seed=1, transform=RandomFlip()), batch_size=20, shuffle=True)
    val_loader = DataLoader(Blobs(80, seed=2), batch_size=40)
    model = nn.Sequential(
        nn.Conv2d(1, 12, 5, padding=2), nn.BatchNorm2d(12), nn.ReLU(),
        nn.Conv2d(12, 12, 5, padding=2), nn.BatchNorm2d(12), nn.ReLU(),
        nn.Conv2d(12, 1, 1),
    )
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(6):
        model.train()
        for x, m in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x), m)
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch + 1} last loss {loss.item():.4f} val IoU {iou(model, val_loader):.3f}")


if __name__ == "__main__":
    main()
