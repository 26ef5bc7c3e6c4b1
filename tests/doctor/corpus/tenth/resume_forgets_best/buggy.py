import tempfile
from pathlib import Path

import torch
from torch import nn

CFG = dict(batch=40, lr=0.02, epochs_first=6, epochs_total=12, seed=7)


def blobs(n, gen):
    labels = torch.randint(0, 4, (n,), generator=gen)
    centers = torch.tensor([[1.2, 0.0], [-1.2, 0.0], [0.0, 1.2], [0.0, -1.2]])
    return centers[labels] + 0.9 * torch.randn(n, 2, generator=gen), labels


def accuracy(model, data):
    model.eval()
    with torch.no_grad():
        return (model(data[0]).argmax(1) == data[1]).float().mean().item()


def train(workdir, last_epoch, train_set, val_set):
    model = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 4))
    opt = torch.optim.SGD(model.parameters(), lr=CFG["lr"], momentum=0.9)
    start, best_acc = 0, 0.0
    last_file, best_file = workdir / "last.pt", workdir / "best.pt"
    if last_file.exists():
        ck = torch.load(last_file)
        model.load_state_dict(ck["model"])
        opt.load_state_dict(ck["opt"])
        start = ck["epoch"] + 1
    x, y = train_set
    for epoch in range(start, last_epoch):
        model.train()
        for idx in torch.randperm(len(x)).split(CFG["batch"]):
            opt.zero_grad()
            nn.functional.cross_entropy(model(x[idx]), y[idx]).backward()
            opt.step()
        acc = accuracy(model, val_set)
        if acc > best_acc:
            best_acc = acc
            torch.save(model.state_dict(), best_file)
        torch.save({"model": model.state_dict(), "opt": opt.state_dict(), "epoch": epoch, "best_acc": best_acc}, last_file)
        print(f"epoch {epoch} val {acc:.3f} best {best_acc:.3f}")
    model.load_state_dict(torch.load(best_file))
    return model


gen = torch.Generator().manual_seed(CFG["seed"])
train_set, val_set, test_set = blobs(400, gen), blobs(160, gen), blobs(400, gen)
torch.manual_seed(CFG["seed"])
with tempfile.TemporaryDirectory() as d:
    train(Path(d), CFG["epochs_first"], train_set, val_set)
    print("-- second job --")
    best = train(Path(d), CFG["epochs_total"], train_set, val_set)
print("test accuracy of the best model:", round(accuracy(best, test_set), 3))
