"""Stochastic weight averaging over the last epochs, BatchNorm statistics recomputed afterwards."""
import torch
from torch import nn
from torch.optim.swa_utils import SWALR, AveragedModel, update_bn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(15)
EPOCHS, SWA_START = 14, 8


def rings(n):
    label = torch.randint(0, 3, (n,))
    theta = 2 * torch.pi * torch.rand(n)
    r = 1.0 + label + 0.3 * torch.randn(n)
    return torch.stack([r * theta.cos(), r * theta.sin()], dim=1), label


train_loader = DataLoader(TensorDataset(*rings(600)), batch_size=40, shuffle=True)
test_loader = DataLoader(TensorDataset(*rings(600)), batch_size=200)

model = nn.Sequential(
    nn.Linear(2, 32), nn.BatchNorm1d(32), nn.ReLU(),
    nn.Linear(32, 32), nn.BatchNorm1d(32), nn.ReLU(),
    nn.Linear(32, 3),
)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=SWA_START, eta_min=0.02)
swa_model = AveragedModel(model)
swa_scheduler = SWALR(optimizer, swa_lr=0.05, anneal_epochs=2)


def accuracy(net):
    net.eval()
    correct = 0
    with torch.no_grad():
        for x, y in test_loader:
            correct += (net(x).argmax(1) == y).sum().item()
    return correct / len(test_loader.dataset)


for epoch in range(EPOCHS):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss_fn(model(x), y).backward()
        optimizer.step()
    if epoch >= SWA_START:
        swa_model.update_parameters(model)
        swa_scheduler.step()
    else:
        scheduler.step()
    print(f"epoch {epoch:2d} acc {accuracy(model):.3f}")

update_bn(train_loader, swa_model)
print(f"averaged over {swa_model.n_averaged.item()} epochs: acc {accuracy(swa_model):.3f}")
