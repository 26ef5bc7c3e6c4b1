import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class Residual(nn.Module):
    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, hidden)
        self.down = nn.Linear(hidden, width)

    def forward(self, x):
        return x + self.down(torch.nn.functional.gelu(self.up(self.norm(x))))


class ResMLP(nn.Module):
    def __init__(self, n_in: int, width: int, depth: int, n_out: int):
        super().__init__()
        self.stem = nn.Linear(n_in, width)
        blocks = []
        for i in range(depth):
            blocks.append(Residual(width, width * (2 + i % 2)))
        self.blocks = blocks
        self.head = nn.Linear(width, n_out)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def make_data(n: int) -> TensorDataset:
    g = torch.Generator().manual_seed(11)
    x = torch.rand(n, 2, generator=g) * 2 - 1
    r = x.norm(dim=1)
    angle = torch.atan2(x[:, 1], x[:, 0])
    y = ((torch.sin(6 * r + angle) > 0).long() + (x[:, 0] > 0.4).long())
    return TensorDataset(x, y)


@torch.no_grad()
def accuracy(model, loader):
    model.eval()
    good = sum((model(x).argmax(1) == y).sum().item() for x, y in loader)
    return good / len(loader.dataset)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=10)
    p.add_argument("--lr", type=float, default=2e-3)
    p.add_argument("--depth", type=int, default=4)
    args = p.parse_args()

    torch.manual_seed(0)
    train_set, val_set = random_split(make_data(2000), [1600, 400], generator=torch.Generator().manual_seed(1))
    train_dl = DataLoader(train_set, batch_size=64, shuffle=True)
    val_dl = DataLoader(val_set, batch_size=200)

    model = ResMLP(2, 32, args.depth, 3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(args.epochs):
        model.train()
        for x, y in train_dl:
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()
        print(f"epoch {epoch}: val accuracy {accuracy(model, val_dl):.3f}")


if __name__ == "__main__":
    main()
