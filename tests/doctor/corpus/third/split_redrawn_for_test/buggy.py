import tempfile
from pathlib import Path

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split

BATCH = 25


def load_data():
    """Small noisy two-class problem, 400 samples, 30 features."""
    g = torch.Generator().manual_seed(10)
    x = torch.randn(400, 30, generator=g)
    margin = x[:, :4].sum(1) + 1.0 * torch.randn(400, generator=g)
    return TensorDataset(x, (margin > 0).long())


def splits(dataset):
    return random_split(dataset, [200, 100, 100])


def build():
    return nn.Sequential(nn.Linear(30, 128), nn.ReLU(), nn.Dropout(0.1), nn.Linear(128, 2))


class Keeper:
    def __init__(self, folder):
        self.folder = Path(folder)

    def path(self, tag):
        return self.folder / f"model_{tag}.pt"

    def write(self, tag, model, **extra):
        torch.save({"state": model.state_dict(), **extra}, self.path(tag))

    def read(self, tag):
        return torch.load(self.path(tag), weights_only=True)


@torch.no_grad()
def measure(model, loader):
    model.eval()
    loss, right, n = 0.0, 0, 0
    for x, y in loader:
        out = model(x)
        loss += nn.functional.cross_entropy(out, y, reduction="sum").item()
        right += (out.argmax(1) == y).sum().item()
        n += len(y)
    return loss / n, right / n


def train(keeper, epochs=40):
    train_part, val_part, _ = splits(load_data())
    train_loader = DataLoader(train_part, BATCH, shuffle=True)
    val_loader = DataLoader(val_part, BATCH)
    model = build()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    lowest = float("inf")
    for epoch in range(epochs):
        model.train()
        for x, y in train_loader:
            opt.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            opt.step()
        val_loss, val_acc = measure(model, val_loader)
        if val_loss < lowest:
            lowest = val_loss
            keeper.write("best", model, epoch=epoch, val_loss=val_loss)
        keeper.write("last", model, epoch=epoch, val_loss=val_loss)
    print(f"last val {val_loss:.3f}/{val_acc:.3f}, lowest val loss {lowest:.3f}")


def final_test(keeper):
    _, _, test_part = splits(load_data())
    ckpt = keeper.read("best")
    model = build()
    model.load_state_dict(ckpt["state"])
    loss, acc = measure(model, DataLoader(test_part, BATCH))
    print(f"checkpoint of epoch {ckpt['epoch']}: test loss {loss:.3f} acc {acc:.3f}")


if __name__ == "__main__":
    torch.manual_seed(1)
    with tempfile.TemporaryDirectory() as tmp:
        keeper = Keeper(tmp)
        train(keeper)
        final_test(keeper)
