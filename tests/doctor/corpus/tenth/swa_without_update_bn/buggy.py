import torch
from torch import nn, optim
from torch.optim.swa_utils import SWALR, AveragedModel, update_bn
from torch.utils.data import DataLoader, TensorDataset

cfg = dict(seed=20, epochs=16, swa_start=8, lr=0.05, swa_lr=0.2, batch_size=64)


def build_model():
    return nn.Sequential(
        nn.Linear(12, 64), nn.BatchNorm1d(64), nn.ReLU(),
        nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(),
        nn.Linear(64, 4),
    )


def make_set(n, proto):
    y = torch.randint(0, 4, (n,))
    x = 3.0 + 2.0 * (proto[y] * torch.randn(n, 1).abs() + 0.8 * torch.randn(n, 12))
    return TensorDataset(x, y)


def accuracy(model, loader):
    model.eval()
    correct = 0
    with torch.no_grad():
        for x, y in loader:
            correct += (model(x).argmax(dim=1) == y).sum().item()
    return correct / len(loader.dataset)


torch.manual_seed(cfg["seed"])
proto = torch.randn(4, 12)
train_loader = DataLoader(make_set(1280, proto), batch_size=cfg["batch_size"], shuffle=True)
test_loader = DataLoader(make_set(500, proto), batch_size=250)

model = build_model()
swa_model = AveragedModel(model)
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=cfg["lr"], momentum=0.9, weight_decay=1e-4)
scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=cfg["epochs"])
swa_scheduler = SWALR(optimizer, swa_lr=cfg["swa_lr"], anneal_epochs=2)

for epoch in range(cfg["epochs"]):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    if epoch >= cfg["swa_start"]:
        swa_model.update_parameters(model)
        swa_scheduler.step()
    else:
        scheduler.step()

print("sgd test acc:", accuracy(model, test_loader))
print("swa test acc:", accuracy(swa_model, test_loader))
