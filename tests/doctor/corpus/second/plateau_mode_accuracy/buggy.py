import torch
import torch.nn as nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

torch.manual_seed(14)


def blobs(n):
    centers = torch.tensor([[0, 0], [2, 2], [0, 2], [2, 0], [1, 1]]).float()
    y = torch.randint(0, 5, (n,))
    return centers[y] + 0.35 * torch.randn(n, 2), y % 3


def evaluate(model, x, y):
    model.eval()
    with torch.no_grad():
        acc = (model(x).argmax(dim=1) == y).float().mean().item()
    model.train()
    return acc


train_x, train_y = blobs(600)
val_x, val_y = blobs(400)
test_x, test_y = blobs(1000)
model = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scheduler = ReduceLROnPlateau(optimizer, factor=0.1, patience=2)
for epoch in range(20):
    for idx in torch.randperm(600).split(100):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(train_x[idx]), train_y[idx])
        loss.backward()
        optimizer.step()
    val = evaluate(model, val_x, val_y)
    scheduler.step(val)
print("lr at the end", optimizer.param_groups[0]["lr"])
print("test", evaluate(model, test_x, test_y))
