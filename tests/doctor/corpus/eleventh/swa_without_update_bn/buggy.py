import torch
import torch.nn as nn
from torch.optim.swa_utils import AveragedModel, SWALR, update_bn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(13)
X = torch.randn(900, 10) * 3 + 4
Y = ((X[:, 0] - 4) * (X[:, 1] - 4) > 0).long()
train_loader = DataLoader(TensorDataset(X[:700], Y[:700]), batch_size=50, shuffle=True)
val_loader = DataLoader(TensorDataset(X[700:], Y[700:]), batch_size=100)

model = nn.Sequential(
    nn.Linear(10, 64), nn.BatchNorm1d(64), nn.ReLU(),
    nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(),
    nn.Linear(64, 2),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
swa_model = AveragedModel(model)
swa_start, epochs = 6, 20
swa_scheduler = SWALR(optimizer, swa_lr=0.1, anneal_epochs=3)


def accuracy(net, loader):
    net.eval()
    good = 0
    with torch.no_grad():
        for xb, yb in loader:
            good += (net(xb).argmax(1) == yb).sum().item()
    return good / len(loader.dataset)


for epoch in range(epochs):
    model.train()
    for xb, yb in train_loader:
        optimizer.zero_grad()
        criterion(model(xb), yb).backward()
        optimizer.step()
    if epoch >= swa_start:
        swa_model.update_parameters(model)
        swa_scheduler.step()

print("sgd ", accuracy(model, val_loader))
print("swa ", accuracy(swa_model, val_loader))
