import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

SIDE = 16


def draw(n, seed):
    """Bars, crosses and rings on a noisy canvas, each near the middle."""
    g = torch.Generator().manual_seed(seed)
    yy, xx = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    labels = torch.randint(0, 3, (n,), generator=g)
    images = torch.rand(n, 1, SIDE, SIDE, generator=g) * 0.6
    centres = torch.randint(6, 10, (n, 2), generator=g)
    for i, (cy, cx) in enumerate(centres.tolist()):
        dy, dx = (yy - cy).abs(), (xx - cx).abs()
        if labels[i] == 0:
            shape = (dy <= 1) & (dx <= 4)
        elif labels[i] == 1:
            shape = ((dy <= 0) & (dx <= 4)) | ((dx <= 0) & (dy <= 4))
        else:
            shape = (torch.maximum(dy, dx) == 4)
        images[i, 0][shape] += 0.4
    return images, labels


def shift_and_erase(img, reach=5, hole=6):
    dy, dx = torch.randint(0, 2 * reach + 1, (2,)).tolist()
    img = F.pad(img, (reach,) * 4)[:, dy:dy + SIDE, dx:dx + SIDE].clone()
    top, left = torch.randint(0, SIDE - hole + 1, (2,)).tolist()
    img[:, top:top + hole, left:left + hole] = 0.3
    return img


class Canvas(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        img = self.images[i]
        if self.transform is not None:
            img = self.transform(img)
        return img, self.labels[i]


SIZES = {"train": (900, 1), "val": (300, 2)}


def build(part, augment=True):
    images, labels = draw(*SIZES[part])
    return Canvas(images, labels, transform=shift_and_erase if augment else None)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(12, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU(), nn.MaxPool2d(2),
        )
        self.head = nn.Linear(24 * 16, 3)

    def forward(self, x):
        return self.head(self.body(x).flatten(1))


torch.manual_seed(0)
train_dl = DataLoader(build("train"), batch_size=50, shuffle=True)
val_dl = DataLoader(build("val", augment=False), batch_size=100)
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=4e-3)

for epoch in range(10):
    net.train()
    for xb, yb in train_dl:
        opt.zero_grad()
        F.cross_entropy(net(xb), yb).backward()
        opt.step()

    net.eval()
    right = 0
    with torch.no_grad():
        for xb, yb in val_dl:
            right += (net(xb).argmax(1) == yb).sum().item()
    print(f"epoch {epoch}: val acc {right / len(val_dl.dataset):.3f}")
