"""Learning-rate range test, then a real training run from the untouched initial weights."""
import copy
import math

import torch
import torch.nn.functional as F
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def lr_range_test(model, loader, lr_min=1e-5, lr_max=1.0, steps=60, beta=0.9):
    """Works on copies; the caller's model is never modified."""
    net = copy.deepcopy(model)
    opt = torch.optim.SGD(net.parameters(), lr=lr_min, momentum=0.9)
    factor = (lr_max / lr_min) ** (1 / (steps - 1))
    sched = torch.optim.lr_scheduler.ExponentialLR(opt, gamma=factor)
    avg, best, history, step = 0.0, math.inf, [], 0
    net.train()
    while step < steps:
        for xb, yb in loader:
            lr = opt.param_groups[0]["lr"]
            opt.zero_grad()
            loss = F.cross_entropy(net(xb), yb)
            avg = beta * avg + (1 - beta) * loss.item()
            smooth = avg / (1 - beta ** (step + 1))
            history.append((lr, smooth))
            if step > 0 and smooth > 4 * best:
                return history
            best = min(best, smooth)
            loss.backward()
            opt.step()
            sched.step()
            step += 1
            if step == steps:
                break
    return history


def suggest(history):
    """Learning rate with the steepest descent of the smoothed loss over log(lr)."""
    slopes = []
    for (l0, v0), (l1, v1) in zip(history[:-1], history[1:]):
        slopes.append(((v1 - v0) / (math.log(l1) - math.log(l0)), l0))
    return min(slopes)[1]


def main():
    torch.manual_seed(0)
    X, y = load_wine(return_X_y=True)
    X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.3, stratify=y, random_state=0)
    mean, std = X_tr.mean(0), X_tr.std(0)
    to = lambda a: torch.tensor((a - mean) / std, dtype=torch.float32)
    ds = TensorDataset(to(X_tr), torch.tensor(y_tr, dtype=torch.long))
    loader = DataLoader(ds, batch_size=16, shuffle=True)

    model = nn.Sequential(nn.Linear(13, 32), nn.ReLU(), nn.Linear(32, 3))
    history = lr_range_test(model, loader)
    lr = suggest(history)
    print(f"range test over {len(history)} steps suggests lr={lr:.2e}")

    opt = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    epochs = 20
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=epochs)
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for xb, yb in loader:
            opt.zero_grad()
            loss = F.cross_entropy(model(xb), yb)
            loss.backward()
            opt.step()
            total += loss.item() * len(yb)
        sched.step()
        if (epoch + 1) % 5 == 0:
            print(f"epoch {epoch + 1}: train loss {total / len(ds):.4f}")
    model.eval()
    with torch.no_grad():
        acc = (model(to(X_te)).argmax(1) == torch.from_numpy(y_te)).float().mean().item()
    print(f"test accuracy {acc:.3f}")


if __name__ == "__main__":
    main()
