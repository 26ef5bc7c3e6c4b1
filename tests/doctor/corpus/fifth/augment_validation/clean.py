import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset, Subset


class Strokes(Dataset):
    def __init__(self, images, labels, transform=None):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        img = self.images[i]
        if self.transform is not None:
            img = self.transform(img)
        return img, self.labels[i]


def jitter(img):
    dy, dx = torch.randint(-2, 3, (2,)).tolist()
    img = torch.roll(img, shifts=(dy, dx), dims=(1, 2))
    return img + 0.4 * torch.randn_like(img)


def draw(n):
    """horizontal, vertical or diagonal bar on a 12x12 canvas"""
    img = 0.1 * torch.randn(n, 1, 12, 12)
    lab = torch.randint(0, 3, (n,))
    for k in range(n):
        at = int(torch.randint(3, 9, (1,)))
        if lab[k] == 0:
            img[k, 0, at, 2:10] += 1
        elif lab[k] == 1:
            img[k, 0, 2:10, at] += 1
        else:
            img[k, 0].diagonal()[2:10].add_(1)
    return img, lab


def get_loaders(images, labels, n_val=120, batch_size=32):
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0)).tolist()
    base = Strokes(images, labels, transform=jitter)
    plain = Strokes(images, labels)
    train = Subset(base, order[n_val:])
    val = Subset(plain, order[:n_val])
    return DataLoader(train, batch_size, shuffle=True), DataLoader(val, batch_size)


torch.manual_seed(31)
train_loader, val_loader = get_loaders(*draw(480))
model = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool2d(1),
    nn.Flatten(), nn.Linear(16, 3),
)
optimizer = optim.Adam(model.parameters(), lr=4e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(6):
    model.train()
    for img, lab in train_loader:
        optimizer.zero_grad()
        criterion(model(img), lab).backward()
        optimizer.step()
    model.eval()
    hit = 0
    with torch.no_grad():
        for img, lab in val_loader:
            hit += (model(img).argmax(1) == lab).sum().item()
    print(f"epoch {epoch} val acc {hit / len(val_loader.dataset):.3f}")
