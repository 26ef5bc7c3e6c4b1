"""Stochastic weight averaging with a constant late rate; BatchNorm statistics of the average are recomputed."""
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.optim.swa_utils import SWALR, AveragedModel, update_bn
from torch.utils.data import DataLoader, TensorDataset


class Meter:
    def __init__(self):
        self.sum, self.count = 0.0, 0

    def add(self, value, n=1):
        self.sum += float(value) * n
        self.count += n

    @property
    def mean(self):
        return self.sum / max(1, self.count)


def conv_net():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))


@torch.no_grad()
def evaluate(model, loader, criterion):
    model.eval()
    loss, acc = Meter(), Meter()
    for x, y in loader:
        out = model(x)
        loss.add(criterion(out, y), len(y))
        acc.add((out.argmax(1) == y).float().mean(), len(y))
    return loss.mean, acc.mean


def main(epochs=10, swa_start=6):
    torch.manual_seed(9)
    X, y = load_digits(return_X_y=True)
    X = X.reshape(-1, 1, 8, 8)
    Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.3, random_state=9, stratify=y)
    mean, std = Xtr.mean(), Xtr.std()
    to_set = lambda a, b: TensorDataset(torch.tensor((a - mean) / std, dtype=torch.float32), torch.tensor(b))
    train_loader = DataLoader(to_set(Xtr, ytr), batch_size=64, shuffle=True, drop_last=True)
    stats_loader = DataLoader(to_set(Xtr, ytr), batch_size=256, shuffle=True)
    test_loader = DataLoader(to_set(Xte, yte), batch_size=256)

    model = conv_net()
    swa_model = AveragedModel(model)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=swa_start, eta_min=0.02)
    swa_scheduler = SWALR(optimizer, swa_lr=0.05, anneal_epochs=2)

    for epoch in range(epochs):
        model.train()
        meter = Meter()
        for x, t in train_loader:
            loss = criterion(model(x), t)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            meter.add(loss.item(), len(t))
        if epoch >= swa_start:
            swa_model.update_parameters(model)
            swa_scheduler.step()
        else:
            scheduler.step()
        print(f"epoch {epoch} train loss {meter.mean:.3f} lr {optimizer.param_groups[0]['lr']:.3f} averaged {int(swa_model.n_averaged)}")

    print("last weights     loss %.4f acc %.3f" % evaluate(model, test_loader, criterion))
    update_bn(stats_loader, swa_model)   # forward passes in training mode over training data
    print("averaged weights loss %.4f acc %.3f" % evaluate(swa_model, test_loader, criterion))


if __name__ == "__main__":
    main()
