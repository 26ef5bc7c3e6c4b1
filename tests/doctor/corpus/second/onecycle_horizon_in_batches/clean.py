import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset
from torch.optim.lr_scheduler import OneCycleLR


def build(cfg, loader):
    model = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3))
    opt = torch.optim.SGD(model.parameters(), lr=cfg["max_lr"], momentum=0.9)
    sched = OneCycleLR(opt, max_lr=cfg["max_lr"], total_steps=cfg["epochs"] * len(loader))
    return model, opt, sched


def run_epoch(model, loader, opt, sched, crit):
    model.train()
    total = 0.0
    for x, y in loader:
        opt.zero_grad()
        loss = crit(model(x), y)
        loss.backward()
        opt.step()
        sched.step()
        total += loss.item() * len(x)
    return total / len(loader.dataset)


@torch.no_grad()
def evaluate(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(4)
    cfg = {"epochs": 8, "max_lr": 0.2, "batch": 32}
    x = torch.randn(900, 8)
    y = torch.stack([x[:, 0] * x[:, 1], x[:, 2], -x[:, 3].abs() + 0.5], 1).argmax(1)
    loader = DataLoader(TensorDataset(x[:700], y[:700]), batch_size=cfg["batch"], shuffle=True)
    crit = nn.CrossEntropyLoss()
    model, opt, sched = build(cfg, loader)
    for epoch in range(cfg["epochs"]):
        loss = run_epoch(model, loader, opt, sched, crit)
        print(f"epoch {epoch} loss {loss:.4f}")
    print(f"final lr {sched.get_last_lr()[0]:.5f} val acc {evaluate(model, x[700:], y[700:]):.3f}")


main()
