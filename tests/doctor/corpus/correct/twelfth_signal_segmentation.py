# 1-D segmentation of bursts with gradient accumulation
import torch
import torch.nn as nn

torch.manual_seed(36)
ACCUM, LENGTH = 4, 64


def bursts(n):
    start = torch.randint(0, LENGTH - 16, (n, 1))
    width = torch.randint(6, 16, (n, 1))
    t = torch.arange(LENGTH)
    mask = ((t >= start) & (t < start + width)).float()
    signal = torch.randn(n, LENGTH) * (0.4 + mask)
    return signal.unsqueeze(1), mask


train_x, train_y = bursts(320)
val_x, val_y = bursts(100)
model = nn.Sequential(
    nn.Conv1d(1, 16, 7, padding=3), nn.ReLU(), nn.Conv1d(16, 16, 7, padding=6, dilation=2), nn.ReLU(),
    nn.Conv1d(16, 1, 7, padding=3), nn.Flatten(1))
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)

for epoch in range(10):
    model.train()
    optimizer.zero_grad()
    for i, idx in enumerate(torch.randperm(len(train_x)).split(8), start=1):
        loss = criterion(model(train_x[idx]), train_y[idx])
        (loss / ACCUM).backward()
        if i % ACCUM == 0:
            optimizer.step()
            optimizer.zero_grad()
    model.eval()
    with torch.no_grad():
        pred = model(val_x) > 0
    truth = val_y > 0.5
    dice = 2 * (pred & truth).sum().item() / (pred.sum() + truth.sum()).item()
    print(f"epoch {epoch} val dice {dice:.3f}")
