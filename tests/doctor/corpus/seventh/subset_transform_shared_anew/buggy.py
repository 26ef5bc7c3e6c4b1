import argparse
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader, random_split


def random_mirror(img):
    dims = [d for d in (-2, -1) if torch.rand(1).item() < 0.5]
    return torch.flip(img, dims)


class Glyphs(Dataset):
    """10x10 glyphs, one of 6 shapes, each seen the right way round or mirrored."""

    def __init__(self, n, transform=None):
        shapes = (torch.rand(6, 6, 6) > 0.5).float()
        self.targets = torch.randint(0, 6, (n,))
        self.data = 0.9 * torch.randn(n, 1, 10, 10)
        for k in range(n):
            self.data[k, 0, 2:8, 2:8] += random_mirror(shapes[self.targets[k]])
        self.transform = transform

    def __len__(self):
        return len(self.targets)

    def __getitem__(self, k):
        img = self.data[k]
        if self.transform is not None:
            img = self.transform(img)
        return img, self.targets[k]


def standardize(img):
    return (img - 0.18) / 0.95


def train_transform(img):
    return standardize(random_mirror(img))


def get_loaders(args):
    full = Glyphs(args.n, transform=train_transform)
    n_val = args.n // 3
    train_set, val_set = random_split(full, [args.n - n_val, n_val])
    val_set.dataset.transform = standardize
    return (DataLoader(train_set, batch_size=args.batch_size, shuffle=True),
            DataLoader(val_set, batch_size=100))


def build_model():
    return nn.Sequential(
        nn.Conv2d(1, 12, 4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(12 * 9, 48), nn.ReLU(), nn.Linear(48, 6),
    )


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--n", type=int, default=450)
    ap.add_argument("--batch-size", type=int, default=30)
    ap.add_argument("--epochs", type=int, default=20)
    ap.add_argument("--lr", type=float, default=3e-3)
    ap.add_argument("--seed", type=int, default=4)
    args = ap.parse_args()
    torch.manual_seed(args.seed)
    train_loader, val_loader = get_loaders(args)
    model = build_model()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(1, args.epochs + 1):
        model.train()
        for x, y in train_loader:
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()
        if epoch % 5 == 0:
            model.eval()
            with torch.no_grad():
                right = sum((model(x).argmax(1) == y).sum().item() for x, y in val_loader)
            print(f"epoch {epoch} val accuracy {right / len(val_loader.dataset):.3f}")


if __name__ == "__main__":
    main()
