"""Stochastic weight averaging; BatchNorm statistics are recomputed before evaluation."""
import torch
from torch import nn
from torch.optim.swa_utils import SWALR, AveragedModel, update_bn
from torch.utils.data import DataLoader, TensorDataset


def evaluate(model, loader):
    model.eval()
    total, right = 0, 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
            total += len(y)
    return right / total


def main():
    torch.manual_seed(4)
    x = torch.randn(600, 10)
    y = ((x[:, 0] * x[:, 1] > 0).long() + (x[:, 2] > 0.5).long())
    train_loader = DataLoader(TensorDataset(x[:480], y[:480]), batch_size=48, shuffle=True)
    test_loader = DataLoader(TensorDataset(x[480:], y[480:]), batch_size=120)

    model = nn.Sequential(
        nn.Linear(10, 64, bias=False), nn.BatchNorm1d(64), nn.ReLU(),
        nn.Linear(64, 64, bias=False), nn.BatchNorm1d(64), nn.ReLU(),
        nn.Linear(64, 3),
    )
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    epochs, swa_start = 8, 5
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=swa_start)
    swa_model = AveragedModel(model)
    swa_scheduler = SWALR(optimizer, anneal_epochs=2, swa_lr=0.02)

    for epoch in range(epochs):
        model.train()
        for xb, yb in train_loader:
            optimizer.zero_grad()
            criterion(model(xb), yb).backward()
            optimizer.step()
        if epoch >= swa_start:
            swa_model.update_parameters(model)
            swa_scheduler.step()
        else:
            scheduler.step()
        print(f"epoch {epoch} test {evaluate(model, test_loader):.3f}")

    update_bn(train_loader, swa_model)
    print("swa", evaluate(swa_model, test_loader))


if __name__ == "__main__":
    main()
