import torch
import torch.nn as nn
from torch.optim.swa_utils import AveragedModel, SWALR, update_bn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(23)
SWA_START, EPOCHS = 5, 14

# data
w_true = torch.randn(16, 5)
x = torch.randn(1600, 16) * torch.linspace(0.5, 4, 16) + torch.linspace(-3, 3, 16)
y = (torch.tanh(x) @ w_true + 0.5 * torch.randn(1600, 5)).argmax(dim=1)
train_loader = DataLoader(TensorDataset(x[:1200], y[:1200]), batch_size=48, shuffle=True)
test_loader = DataLoader(TensorDataset(x[1200:], y[1200:]), batch_size=100)

# model
model = nn.Sequential(
    nn.BatchNorm1d(16), nn.Linear(16, 64), nn.BatchNorm1d(64), nn.ReLU(),
    nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 5),
)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=EPOCHS)
swa_model = AveragedModel(model)
swa_scheduler = SWALR(optimizer, swa_lr=0.1, anneal_epochs=2)


def evaluate(net, loader):
    net.eval()
    n_right = 0
    with torch.no_grad():
        for xb, yb in loader:
            n_right += (net(xb).argmax(dim=1) == yb).sum().item()
    return n_right / len(loader.dataset)


for epoch in range(EPOCHS):
    model.train()
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss_fn(model(xb), yb).backward()
        optimizer.step()
    if epoch >= SWA_START:
        swa_model.update_parameters(model)
        swa_scheduler.step()
    else:
        scheduler.step()

update_bn(train_loader, swa_model)
print("last weights", evaluate(model, test_loader), "averaged", evaluate(swa_model, test_loader))
