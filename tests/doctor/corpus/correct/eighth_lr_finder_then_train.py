"""Learning-rate range test (Smith 2015), then training with the rate it suggests."""
import copy
import math
from contextlib import contextmanager

import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset


@contextmanager
def restored(*objects):
    """Whatever happens inside, model and optimizer come out as they went in."""
    saved = [copy.deepcopy(o.state_dict()) for o in objects]
    rng = torch.get_rng_state()
    try:
        yield
    finally:
        for o, s in zip(objects, saved):
            o.load_state_dict(s)
        torch.set_rng_state(rng)


class LRFinder:
    def __init__(self, model, optimizer, criterion):
        self.model, self.optimizer, self.criterion = model, optimizer, criterion
        self.lrs, self.losses = [], []

    def range_test(self, loader, lo=1e-5, hi=10.0, steps=80, beta=0.9, diverge=4.0):
        with restored(self.model, self.optimizer):
            self.model.train()
            avg, best = 0.0, math.inf
            batches = iter(loader)
            for k in range(steps):
                try:
                    x, y = next(batches)
                except StopIteration:
                    batches = iter(loader)
                    x, y = next(batches)
                lr = lo * (hi / lo) ** (k / (steps - 1))          # grows from step to step, on purpose
                for g in self.optimizer.param_groups:
                    g["lr"] = lr
                self.optimizer.zero_grad()
                loss = self.criterion(self.model(x), y)
                loss.backward()
                self.optimizer.step()
                avg = beta * avg + (1 - beta) * loss.item()
                smooth = avg / (1 - beta ** (k + 1))
                self.lrs.append(lr)
                self.losses.append(smooth)
                best = min(best, smooth)
                if not math.isfinite(smooth) or smooth > diverge * best:
                    break
        return self

    def suggestion(self, skip=5):
        l, x = torch.tensor(self.losses), torch.tensor(self.lrs).log()
        slope = torch.gradient(l, spacing=(x,))[0][skip:-1]
        return self.lrs[skip + int(slope.argmin())]


def main():
    torch.manual_seed(3)
    x, y = load_breast_cancer(return_X_y=True)
    x_tr, x_te, y_tr, y_te = train_test_split(x, y, test_size=0.25, stratify=y, random_state=0)
    mu, sd = x_tr.mean(0), x_tr.std(0)
    as_ds = lambda a, b: TensorDataset(torch.tensor((a - mu) / sd, dtype=torch.float32),
                                       torch.tensor(b, dtype=torch.float32).unsqueeze(1))
    train, test = DataLoader(as_ds(x_tr, y_tr), 32, shuffle=True), DataLoader(as_ds(x_te, y_te), 64)

    model = nn.Sequential(nn.Linear(30, 32), nn.Tanh(), nn.Linear(32, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-5, momentum=0.9, weight_decay=1e-3)
    criterion = nn.BCEWithLogitsLoss()

    before = [p.detach().clone() for p in model.parameters()]
    finder = LRFinder(model, optimizer, criterion).range_test(train)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters()))
    lr = finder.suggestion()
    print(f"{len(finder.lrs)} steps tried, steepest fall at lr {lr:.4f}")

    for g in optimizer.param_groups:
        g["lr"] = lr
    schedule = torch.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=10, power=0.9)
    for epoch in range(10):
        model.train()
        for xb, yb in train:
            optimizer.zero_grad()
            criterion(model(xb), yb).backward()
            optimizer.step()
        schedule.step()

    model.eval()
    hits = 0
    with torch.no_grad():
        for xb, yb in test:
            hits += ((model(xb) > 0) == yb.bool()).sum().item()
    print(f"test accuracy {hits / len(test.dataset):.3f}")


if __name__ == "__main__":
    main()
