import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader, TensorDataset

EPOCHS = 20
BATCH = 40

torch.manual_seed(11)
angle = torch.rand(1000) * 6.28
radius = torch.where(torch.rand(1000) < 0.5, 1.0, 2.0)
points = torch.stack([radius * angle.cos(), radius * angle.sin()], 1) + 0.15 * torch.randn(1000, 2)
labels = (radius > 1.5).long()

train_dl = DataLoader(TensorDataset(points[:800], labels[:800]), BATCH, shuffle=True)
test_pts, test_lab = points[800:], labels[800:]

model = nn.Sequential(nn.Linear(2, 24), nn.ReLU(), nn.Linear(24, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
# drop the learning rate by 10 at half of the training
scheduler = StepLR(optimizer, step_size=EPOCHS // 2, gamma=0.1)

for epoch in range(EPOCHS):
    model.train()
    running = 0.0
    for xb, yb in train_dl:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(xb), yb)
        loss.backward()
        optimizer.step()
        scheduler.step()
        running += loss.item()
    print(f"{epoch + 1}/{EPOCHS} loss={running / len(train_dl):.4f}")

model.eval()
with torch.no_grad():
    print("test accuracy:", (model(test_pts).argmax(1) == test_lab).float().mean().item())
