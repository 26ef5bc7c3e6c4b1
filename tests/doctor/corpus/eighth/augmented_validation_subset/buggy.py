import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=9)
parser.add_argument("--lr", type=float, default=2e-3)
parser.add_argument("--seed", type=int, default=31)
args = parser.parse_args()
torch.manual_seed(args.seed)


class Glyphs(Dataset):
    def __init__(self, pixels, classes, transform=None):
        self.pixels, self.classes, self.transform = pixels, classes, transform

    def __len__(self):
        return self.classes.numel()

    def __getitem__(self, i):
        img = self.pixels[i]
        if self.transform is not None:
            img = self.transform(img)
        return img, self.classes[i]


def jitter(img):
    dy, dx = torch.randint(-2, 3, (2,)).tolist()
    img = torch.roll(img, (dy, dx), dims=(1, 2))
    if torch.rand(()) < 0.5:
        r, c = torch.randint(0, 9, (2,)).tolist()
        img = img.clone()
        img[:, r:r + 4, c:c + 4] = 0
    return img + 0.1 * torch.randn_like(img)


def make_glyphs(n=600, k=5):
    proto = (torch.rand(k, 1, 12, 12) < 0.3).float()
    cls = torch.randint(0, k, (n,))
    return proto[cls] + 0.5 * torch.randn(n, 1, 12, 12), cls


pixels, classes = make_glyphs()
perm = torch.randperm(len(classes)).tolist()
glyphs = Glyphs(pixels, classes, jitter)
train_part = Subset(glyphs, perm[:400])
valid_part = Subset(glyphs, perm[400:])
train_loader = DataLoader(train_part, 40, shuffle=True)
valid_loader = DataLoader(valid_part, 100)

net = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                    nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(16 * 36, 5))
opt = torch.optim.AdamW(net.parameters(), lr=args.lr)
for epoch in range(args.epochs):
    net.train()
    for img, cls in train_loader:
        opt.zero_grad()
        nn.functional.cross_entropy(net(img), cls).backward()
        opt.step()
    net.eval()
    right = 0
    with torch.no_grad():
        for img, cls in valid_loader:
            right += (net(img).argmax(1) == cls).sum().item()
    print(f"epoch {epoch}: valid acc {right / len(valid_part):.3f}")
