import itertools
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

BASE = {"epochs": 7, "batch_size": 32, "hidden": 32}
GRID = {"lr": [3e-2, 5e-3, 1e-4], "weight_decay": [0.0, 1e-3]}


def make(n, seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 6, generator=g)
    y = x[:, :1] * x[:, 1:2] + torch.relu(x[:, 2:3]) + 0.1 * torch.randn(n, 1, generator=g)
    return TensorDataset(x, y)


def mse(model, data):
    model.eval()
    x, y = data.tensors
    with torch.no_grad():
        return nn.functional.mse_loss(model(x), y).item()


def fit(cfg, data):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, cfg["hidden"]), nn.Tanh(), nn.Linear(cfg["hidden"], 1))
    opt = torch.optim.SGD(model.parameters(), lr=cfg["lr"], momentum=0.9, weight_decay=cfg["weight_decay"])
    loss_fn = nn.MSELoss()
    for _ in range(cfg["epochs"]):
        model.train()
        for x, y in DataLoader(data, batch_size=cfg["batch_size"], shuffle=True):
            opt.zero_grad()
            loss_fn(model(x), y).backward()
            opt.step()
    return model


def search(train, val):
    results = []
    cfg = dict(BASE)
    for values in itertools.product(*GRID.values()):
        cfg = {**cfg, **dict(zip(GRID, values))}
        results.append((mse(fit(cfg, train), val), cfg))
    return min(results, key=lambda r: r[0])


train, val, test = make(600, 1), make(200, 2), make(300, 3)
score, best = search(train, val)
print("chosen", best, "val mse %.4f" % score)
print("test mse %.4f" % mse(fit({**best, "epochs": 15}, train), test))
