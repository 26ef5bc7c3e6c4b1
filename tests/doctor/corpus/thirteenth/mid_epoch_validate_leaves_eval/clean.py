import argparse

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--num_epochs", default=4, type=int)
parser.add_argument("--val_step", default=5, type=int, help="validate every n iterations")
parser.add_argument("--learning_rate", default=2e-3, type=float)
parser.add_argument("--seed", default=9, type=int)


def get_loaders(seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(800, 20, generator=g)
    w = torch.randn(20, generator=g)
    y = (x @ w + 0.8 * torch.randn(800, generator=g) > 0).float()
    tr = DataLoader(TensorDataset(x[:600], y[:600]), batch_size=25, shuffle=True)
    va = DataLoader(TensorDataset(x[600:], y[600:]), batch_size=100)
    return tr, va


def validate(model, loader):
    model.eval()
    n_right = 0
    with torch.no_grad():
        for xb, yb in loader:
            n_right += ((model(xb).squeeze(1) > 0).float() == yb).sum().item()
    return n_right / len(loader.dataset)


def train(opt, loader, model, optimizer, epoch, val_loader, state):
    criterion = nn.BCEWithLogitsLoss()
    model.train()
    for xb, yb in loader:
        loss = criterion(model(xb).squeeze(1), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        state["iters"] += 1
        if state["iters"] % opt.val_step == 0:
            acc = validate(model, val_loader)
            state["best"] = max(state["best"], acc)
            print("epoch %d iter %d loss %.4f val %.3f" % (epoch, state["iters"], loss.item(), acc))
            model.train()


def main():
    opt = parser.parse_args([])
    torch.manual_seed(opt.seed)
    train_loader, val_loader = get_loaders(opt.seed)
    model = nn.Sequential(nn.Linear(20, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=opt.learning_rate)
    state = {"iters": 0, "best": 0.0}
    for epoch in range(opt.num_epochs):
        train(opt, train_loader, model, optimizer, epoch, val_loader, state)
    print("best val acc", state["best"])


if __name__ == "__main__":
    main()
