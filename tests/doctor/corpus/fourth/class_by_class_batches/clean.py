from collections import namedtuple

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

Options = namedtuple("Options", "classes per_class dim batch lr epochs")
opts = Options(classes=6, per_class=150, dim=20, batch=30, lr=0.1, epochs=6)


class FolderLikeDataset(Dataset):
    """Reads class after class, as a folder tree with one directory per class is read."""

    def __init__(self, centers, part):
        self.samples = []
        for label, center in enumerate(centers):
            g = torch.Generator().manual_seed(100 + label)
            cloud = center + 1.1 * torch.randn(opts.per_class, opts.dim, generator=g)
            for k, row in enumerate(cloud):
                if (k % 5 == 0) == (part == "val"):
                    self.samples.append((row, label))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, i):
        return self.samples[i]


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.stack = nn.ModuleList([nn.Linear(opts.dim, 40), nn.Linear(40, 40)])
        self.final = nn.Linear(40, opts.classes)

    def forward(self, x):
        for layer in self.stack:
            x = torch.relu(layer(x))
        return self.final(x)


def one_epoch(model, loader, loss_fn, optimizer):
    model.train()
    total = 0.0
    for x, label in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), label)
        loss.backward()
        optimizer.step()
        total += loss.item() * label.shape[0]
    return total / len(loader.dataset)


def confusion(model, loader):
    table = torch.zeros(opts.classes, opts.classes, dtype=torch.long)
    model.eval()
    with torch.no_grad():
        for x, label in loader:
            for t, p in zip(label.tolist(), model(x).argmax(1).tolist()):
                table[t, p] += 1
    return table


def main():
    torch.manual_seed(0)
    centers = 0.8 * torch.randn(opts.classes, opts.dim)
    train_loader = DataLoader(FolderLikeDataset(centers, "train"), batch_size=opts.batch, shuffle=True)
    val_loader = DataLoader(FolderLikeDataset(centers, "val"), batch_size=opts.batch)
    model = Mlp()
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=opts.lr)
    for epoch in range(opts.epochs):
        loss = one_epoch(model, train_loader, loss_fn, optimizer)
        table = confusion(model, val_loader)
        print(f"{epoch}: loss {loss:.3f}  accuracy {table.trace().item() / table.sum().item():.3f}")


if __name__ == "__main__":
    main()
