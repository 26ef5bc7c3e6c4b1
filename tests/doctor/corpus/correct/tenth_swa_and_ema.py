"""Weight averaging: SWA and EMA copies next to plain SGD."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.swa_utils import SWALR, AveragedModel, get_ema_multi_avg_fn, update_bn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(51)

EPOCHS, SWA_START = 12, 8


def checkerboard(n):
    x = 4 * torch.rand(n, 2)
    y = (x.floor().sum(dim=1) % 2).float()
    flip = (torch.rand(n) < 0.1).float()
    return (x - 2) / 1.15, (y + flip) % 2, y


X_train, noisy_y, _ = checkerboard(2000)
X_test, _, clean_y = checkerboard(1000)
train_loader = DataLoader(TensorDataset(X_train, noisy_y), batch_size=50, shuffle=True)

model = nn.Sequential(
    nn.Linear(2, 64), nn.BatchNorm1d(64), nn.ReLU(),
    nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(),
    nn.Linear(64, 1), nn.Flatten(0),
)
swa_model = AveragedModel(model)
ema_model = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.98))

optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=SWA_START)
swa_scheduler = SWALR(optimizer, swa_lr=0.03, anneal_epochs=2)

for epoch in range(EPOCHS):
    model.train()
    total = 0.0
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(model(x), y)
        loss.backward()
        optimizer.step()
        ema_model.update_parameters(model)
        total += loss.item() * len(x)
    if epoch >= SWA_START:
        swa_model.update_parameters(model)
        swa_scheduler.step()
    else:
        cosine.step()
    print(f"epoch {epoch:2d} loss {total / len(X_train):.4f}")

update_bn(train_loader, swa_model)
update_bn(train_loader, ema_model)

for name, net in (("sgd", model), ("swa", swa_model), ("ema", ema_model)):
    net.eval()
    with torch.no_grad():
        acc = ((net(X_test) > 0).float() == clean_y).float().mean().item()
    print(f"{name}: accuracy on clean test labels {acc:.3f}")
