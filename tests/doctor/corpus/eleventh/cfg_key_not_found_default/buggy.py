import copy
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split

CONFIG = {
    "seed": 3,
    "data": {"n": 700, "dim": 12, "batch_size": 35},
    "optim": {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-3},
    "epochs": 12,
}


def make_data(cfg):
    x = torch.randn(cfg["n"], cfg["dim"])
    w = torch.randn(cfg["dim"])
    y = (x @ w + 0.5 * torch.randn(cfg["n"]) > 0).float()
    ds = TensorDataset(x, y)
    tr, va = random_split(ds, [560, cfg["n"] - 560])
    return (DataLoader(tr, batch_size=cfg["batch_size"], shuffle=True),
            DataLoader(va, batch_size=128))


def make_optimizer(model, cfg):
    o = cfg
    return torch.optim.SGD(
        model.parameters(),
        lr=o.get("lr", 1e-4),
        momentum=o.get("momentum", 0.0),
        weight_decay=o.get("weight_decay", 0.0),
    )


def run(cfg):
    torch.manual_seed(cfg["seed"])
    train_dl, val_dl = make_data(cfg["data"])
    model = nn.Sequential(nn.Linear(cfg["data"]["dim"], 32), nn.ReLU(), nn.Linear(32, 1))
    opt = make_optimizer(model, cfg)
    crit = nn.BCEWithLogitsLoss()
    for epoch in range(cfg["epochs"]):
        model.train()
        for x, y in train_dl:
            opt.zero_grad()
            loss = crit(model(x).squeeze(1), y)
            loss.backward()
            opt.step()
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in val_dl:
            right += ((model(x).squeeze(1) > 0).float() == y).sum().item()
    return right / len(val_dl.dataset)


if __name__ == "__main__":
    print("val accuracy", run(copy.deepcopy(CONFIG)))
