import os
import tempfile

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split

HP = {"epochs": 25, "lr": 4e-3, "batch": 16, "hidden": 128}


def xor_cubes(n: int) -> TensorDataset:
    x = torch.rand(n, 6) * 2 - 1
    y = ((x[:, 0] > 0) ^ (x[:, 1] > 0)).long()
    flip = torch.rand(n) < 0.15
    return TensorDataset(x, torch.where(flip, 1 - y, y))


def build_model() -> nn.Module:
    h = HP["hidden"]
    return nn.Sequential(nn.Linear(6, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, 2))


@torch.no_grad()
def evaluate(model: nn.Module, loader: DataLoader) -> tuple[float, float]:
    model.eval()
    loss = torch.zeros(())
    hits = torch.zeros((), dtype=torch.long)
    for x, y in loader:
        z = model(x)
        loss += F.cross_entropy(z, y, reduction="sum")
        hits += (z.argmax(1) == y).sum()
    n = len(loader.dataset)
    return loss.item() / n, hits.item() / n


def train(model: nn.Module, train_dl: DataLoader, val_dl: DataLoader, ckpt_path: str) -> None:
    opt = torch.optim.Adam(model.parameters(), lr=HP["lr"])
    best = float("inf")
    for epoch in range(HP["epochs"]):
        model.train()
        for x, y in train_dl:
            opt.zero_grad()
            F.cross_entropy(model(x), y).backward()
            opt.step()
        val_loss, val_acc = evaluate(model, val_dl)
        marker = ""
        if val_loss < best:
            best = val_loss
            torch.save({"model": model.state_dict(), "epoch": epoch, "val_loss": val_loss}, ckpt_path)
            marker = "  *saved*"
        print(f"{epoch:02d} val loss {val_loss:.4f} acc {val_acc:.3f}{marker}")


def main() -> None:
    torch.manual_seed(8)
    tr, va, te = random_split(xor_cubes(1000), [300, 200, 500])
    train_dl = DataLoader(tr, batch_size=HP["batch"], shuffle=True)
    val_dl = DataLoader(va, batch_size=200)
    test_dl = DataLoader(te, batch_size=250)
    with tempfile.TemporaryDirectory() as tmp:
        ckpt_path = os.path.join(tmp, "best.pt")
        model = build_model()
        train(model, train_dl, val_dl, ckpt_path)
        loss, acc = evaluate(model, test_dl)
    print(f"test: loss {loss:.4f} acc {acc:.3f} (selected on validation loss)")


if __name__ == "__main__":
    main()
