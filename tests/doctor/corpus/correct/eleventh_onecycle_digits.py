"""Seven-segment digits read by noisy sensors; OneCycle schedule stepped per batch."""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(12)

SEGMENTS = torch.tensor([
    [1, 1, 1, 0, 1, 1, 1], [0, 0, 1, 0, 0, 1, 0], [1, 0, 1, 1, 1, 0, 1], [1, 0, 1, 1, 0, 1, 1],
    [0, 1, 1, 1, 0, 1, 0], [1, 1, 0, 1, 0, 1, 1], [1, 1, 0, 1, 1, 1, 1], [1, 0, 1, 0, 0, 1, 0],
    [1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 1, 1],
], dtype=torch.float32)


def batch_of_digits(n):
    digit = torch.randint(10, (n,))
    segments = SEGMENTS[digit].repeat(1, 4)
    flipped = (torch.rand_like(segments) < 0.12).float()
    return (segments - flipped).abs(), digit


train = TensorDataset(*batch_of_digits(2000))
val = TensorDataset(*batch_of_digits(500))
train_dl = DataLoader(train, batch_size=64, shuffle=True, drop_last=True)
val_dl = DataLoader(val, batch_size=250)

model = nn.Sequential(
    nn.Linear(28, 64), nn.BatchNorm1d(64), nn.ReLU(),
    nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(),
    nn.Linear(64, 10),
)
EPOCHS = 6
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
scheduler = torch.optim.lr_scheduler.OneCycleLR(
    optimizer, max_lr=0.2, epochs=EPOCHS, steps_per_epoch=len(train_dl), pct_start=0.3
)
criterion = nn.CrossEntropyLoss()

for epoch in range(EPOCHS):
    model.train()
    meter = []
    for x, y in train_dl:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        scheduler.step()
        meter.append(loss.item())
    model.eval()
    hits = 0
    with torch.no_grad():
        for x, y in val_dl:
            hits += (model(x).argmax(dim=1) == y).sum().item()
    print(f"{epoch + 1}/{EPOCHS} lr={scheduler.get_last_lr()[0]:.4f} "
          f"train={sum(meter) / len(meter):.3f} val_acc={hits / len(val):.3f}")
