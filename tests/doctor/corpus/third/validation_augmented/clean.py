import argparse
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import Dataset, DataLoader, Subset


class Digits(Dataset):
    def __init__(self, transform=None):
        bunch = load_digits()
        self.images = torch.tensor(bunch.images, dtype=torch.float32).unsqueeze(1) / 16.0
        self.labels = torch.tensor(bunch.target)
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        img = self.images[i]
        if self.transform is not None:
            img = self.transform(img)
        return img, self.labels[i]


class ShiftAndErase:
    def __init__(self, pad=2, size=2):
        self.pad, self.size = pad, size

    def __call__(self, img):
        h, w = img.shape[-2:]
        big = F.pad(img, [self.pad] * 4)
        top, left = torch.randint(0, 2 * self.pad + 1, (2,)).tolist()
        img = big[:, top:top + h, left:left + w].clone()
        r, c = torch.randint(0, h - self.size + 1, (2,)).tolist()
        img[:, r:r + self.size, c:c + self.size] = 0
        return img


def get_loaders(args):
    plain, varied = Digits(), Digits(transform=ShiftAndErase())
    order = torch.randperm(len(plain), generator=torch.Generator().manual_seed(args.seed)).tolist()
    cut = int(0.8 * len(order))
    train_set = Subset(varied, order[:cut])
    val_set = Subset(plain, order[cut:])
    return (DataLoader(train_set, batch_size=args.batch_size, shuffle=True),
            DataLoader(val_set, batch_size=256))


def evaluate(model, loader):
    model.eval()
    good = n = 0
    with torch.no_grad():
        for img, lab in loader:
            good += (model(img).argmax(dim=1) == lab).sum().item()
            n += lab.size(0)
    return good / n


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--epochs', type=int, default=6)
    ap.add_argument('--batch-size', type=int, default=64)
    ap.add_argument('--seed', type=int, default=0)
    args = ap.parse_args()
    torch.manual_seed(args.seed)
    train_loader, val_loader = get_loaders(args)
    model = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                          nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(512, 10))
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    for ep in range(args.epochs):
        model.train()
        for img, lab in train_loader:
            loss = F.cross_entropy(model(img), lab)
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(f'epoch {ep}: val acc {evaluate(model, val_loader):.3f}')


if __name__ == '__main__':
    main()
