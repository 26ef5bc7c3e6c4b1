import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, Subset


class Blobs(Dataset):
    """12x12 images with a bright bar, label = orientation of the bar"""

    def __init__(self, n, transform=None):
        g = torch.Generator().manual_seed(99)
        self.labels = torch.randint(0, 2, (n,), generator=g)
        self.images = 0.5 * torch.randn(n, 1, 12, 12, generator=g)
        pos = torch.randint(1, 11, (n,), generator=g)
        for i in range(n):
            if self.labels[i]:
                self.images[i, 0, pos[i], :] += 1.0
            else:
                self.images[i, 0, :, pos[i]] += 1.0
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        img = self.images[i]
        if self.transform is not None:
            img = self.transform(img)
        return img, self.labels[i]


def random_augment(img):
    if torch.rand(1) < 0.5:
        img = img.flip(-1)
    top, left = torch.randint(0, 6, (2,)).tolist()
    img = img.clone()
    img[:, top:top + 6, left:left + 6] = 0  # cutout
    return img + 0.3 * torch.randn_like(img)


def get_loaders(n=600, val_ratio=0.25, bs=32):
    order = torch.randperm(n).tolist()
    n_val = int(n * val_ratio)
    full = Blobs(n, transform=random_augment)
    train_set = Subset(full, order[n_val:])
    val_set = Subset(full, order[:n_val])
    return DataLoader(train_set, bs, shuffle=True), DataLoader(val_set, 2 * bs)


if __name__ == "__main__":
    torch.manual_seed(4)
    train_loader, val_loader = get_loaders()
    net = nn.Sequential(
        nn.Conv2d(1, 8, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool2d(1),
        nn.Flatten(), nn.Linear(16, 2),
    )
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    for epoch in range(4):
        net.train()
        for xb, yb in train_loader:
            loss = nn.functional.cross_entropy(net(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            ok = sum((net(xb).argmax(1) == yb).sum().item() for xb, yb in val_loader)
        print(f"epoch {epoch}  val acc {ok / len(val_loader.dataset):.3f}")
